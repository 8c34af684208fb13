import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Envelope, layout, ParkedMessage, type RunId, toPubsubMessage } from '../../events/index.ts';
import type { StubCloud } from '../chaos/stub-cloud.ts';
import { createdFor, endingsOf, expectOneOfEach, readJson, startFaultyCloud } from './cloud.ts';
import { acknowledged, attemptOf, publishAll } from './publish.ts';

const PATIENCE_MS = 150_000;
const TOO_LARGE = 70 * 1024;

describe('what no handler can handle', { timeout: PATIENCE_MS }, () => {
  let cloud: StubCloud;
  let plain: RunId;
  let run: RunId;
  beforeAll(async () => {
    cloud = await startFaultyCloud(
      [
        {
          at: 'call',
          who: '/function train$',
          what: 'JobService/',
          mentions: 'f8-',
          times: 10_000,
          effect: { refuse: 'INTERNAL' },
        },
      ],
      { 'baton:deliveryAttempts': '5' },
    );
    plain = await cloud.start('plain');
    await cloud.ledger.ended([plain], PATIENCE_MS);
  }, PATIENCE_MS);
  afterAll(() => cloud?.close());

  const deliveriesToTrain = () =>
    cloud.cloud.deliveries().filter(({ subscription }) => subscription.endsWith('/subscriptions/train'));

  it('F7 is parked at its first delivery with its bytes and the reason, and holds up nothing else', async () => {
    const input = (await attemptOf(cloud, plain, 'train')).input as Envelope;
    const good = toPubsubMessage(input);
    const poison: [code: string, message: { data: Buffer; attributes: Record<string, string> }][] = [
      ['BATON_EVENT_MALFORMED', { ...good, data: Buffer.from('{"model": "stub", ') }],
      ['BATON_EVENT_MALFORMED', { ...good, attributes: { 'ce-specversion': '1.0', 'ce-id': 'alone' } }],
      ['BATON_EVENT_UNKNOWN', toPubsubMessage({ ...input, type: 'com.example.something.v1' })],
      ['BATON_EVENT_UNKNOWN', toPubsubMessage({ ...input, type: input.type.replace(/v1$/, 'v2') })],
      [
        'BATON_EVENT_TOO_LARGE',
        toPubsubMessage({ ...input, data: { ...(input.data as object), more: 'x'.repeat(TOO_LARGE) } }),
      ],
    ];
    const messages = poison.map(([, message]) => message);
    const [ids, after] = await Promise.all([
      publishAll(cloud, 'nonprod', 'ingest-done', messages),
      cloud.start('after-poison'),
    ]);
    await acknowledged(cloud, 'train', ids);
    const deliveries = deliveriesToTrain().filter(({ messageId }) => ids.includes(messageId));
    expect(deliveries.map(({ attempt, outcome }) => `${attempt} ${outcome}`)).toEqual(
      ids.map(() => '1 acked'),
    );
    for (const [index, [code, message]] of poison.entries()) {
      const kept = ParkedMessage.parse(await readJson(cloud, 'nonprod', layout.parked('train', ids[index]!)));
      expect(kept).toMatchObject({
        code,
        message: { messageId: ids[index], attributes: message.attributes },
      });
      expect(Buffer.from(kept.message.data ?? '', 'base64').equals(message.data)).toBe(true);
      expect(kept.reason).not.toBe('');
    }
    expect(await cloud.ledger.ended([after], PATIENCE_MS)).toMatchObject([{ event: 'monitored' }]);
    expectOneOfEach(cloud, after);
    expectOneOfEach(cloud, plain);
  });

  it('F8 fails at each delivery, is given up after so many, and its run parked', async () => {
    run = await cloud.start('f8');
    expect(await cloud.ledger.ended([run], PATIENCE_MS)).toMatchObject([{ event: 'parked' }]);
    const { ending } = await attemptOf(cloud, run, 'train');
    expect(ending?.data).toMatchObject({ stage: 'train', code: 'BATON_DEAD_LETTER' });
    const [given] = deliveriesToTrain().filter(({ outcome }) => outcome === 'dead-lettered');
    const outcomes = deliveriesToTrain().filter(({ messageId }) => messageId === given?.messageId);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual([...Array(5).fill('nacked'), 'dead-lettered']);
    expect(createdFor(cloud, run).filter(([what]) => what.includes('CreateCustomJob'))).toEqual([]);
  });

  it('F18 is dead-lettered once more, and that is nothing new', async () => {
    const { ending, input } = await attemptOf(cloud, run, 'train');
    const letter = toPubsubMessage(input as Envelope);
    const attributes = {
      ...letter.attributes,
      CloudPubSubDeadLetterSourceSubscription: 'train',
      CloudPubSubDeadLetterSourceSubscriptionProject: 'baton-nonprod',
      CloudPubSubDeadLetterSourceDeliveryCount: '5',
    };
    const again = [
      { ...letter, attributes },
      { ...letter, attributes },
    ];
    const ids = await publishAll(cloud, 'nonprod', 'train-dead-letter', again);
    await acknowledged(cloud, 'train-dead-letter', ids);
    expect(endingsOf(cloud, run, 'train')).toEqual([ending?.id]);
    expect(cloud.ledger.published.get(String(ending?.id))).toBe(1);
  });
});
