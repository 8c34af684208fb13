import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { layout, type RunId } from '../../events/index.ts';
import type { FaultPlan } from '../../local/faults/plan.ts';
import type { ParkedView } from '../../ops/events/parked.ts';
import type { RedriveResult } from '../../ops/events/redrive.ts';
import type { RunDescription } from '../../ops/runs/describe.ts';
import type { StubCloud } from '../chaos/stub-cloud.ts';
import { type CommandLine, commandLineTo } from '../ops/command-line.ts';
import { createdFor, endingsOf, expectOneOfEach, objectsUnder, startFaultyCloud } from './cloud.ts';

const shell = { ...process.env };
const PATIENCE_MS = 150_000;
const DELIVERY_ATTEMPTS = 5;
/** Much longer than it takes to ask for a replay, and still nothing to wait for. */
const HELD_MS = 20_000;

type Rule = FaultPlan['rules'][number];
const pushed = (stage: string, mentions: string) =>
  ({ at: 'delivery', who: `/function ${stage}$`, what: '^pubsub$', mentions }) as const;
const attemptOf = (drop: string, attempt: number) =>
  `^(?=.*"ce-correlationid":"${drop}-[0-9a-f]{10}")(?=.*"ce-attempt":"${attempt}")`;

const RULES: Rule[] = [
  // Both files' notifications in all their deliveries, and train's event in all of its.
  { ...pushed('prepare', '/f7/'), times: 2 * DELIVERY_ATTEMPTS, effect: { answer: 503 } },
  { ...pushed('train', attemptOf('f14', 1)), times: DELIVERY_ATTEMPTS, effect: { answer: 503 } },
  { ...pushed('train', attemptOf('f14', 2)), effect: { delayMs: HELD_MS } },
  { ...pushed('evaluate', attemptOf('f14-flight', 1)), effect: { delayMs: HELD_MS } },
];

describe('what is sent again by an operator', { timeout: PATIENCE_MS }, () => {
  let cloud: StubCloud;
  let baton: CommandLine;
  let flying: RunId;
  let parked: RunId;
  let unheard: RunId;
  beforeAll(async () => {
    cloud = await startFaultyCloud(RULES, { 'baton:deliveryAttempts': String(DELIVERY_ATTEMPTS) });
    baton = await commandLineTo(cloud.cloud, shell);
    // In the order in which they come to the endpoint, so that none is superseded; all go wrong side by side.
    flying = await cloud.start('f14-flight');
    parked = await cloud.start('f14');
    unheard = await cloud.start('f7');
  }, PATIENCE_MS);
  afterAll(async () => {
    baton?.close();
    await cloud?.close();
  });

  const published = (id: string) => () => cloud.ledger.published.has(id);
  const soon = { timeout: PATIENCE_MS, interval: 100 };

  it('F14 a replay while the run is in flight is refused, and the run goes on as if nobody had asked', async () => {
    await expect.poll(published(`${flying}/train/1/model-trained`), soon).toBe(true);
    const { code, stderr } = await baton('runs', 'replay', flying, '--from', 'train');
    expect([code, stderr]).toEqual([4, expect.stringMatching(/in flight: .*train.*baton runs cancel/s)]);
    expect(await objectsUnder(cloud, layout.replays(flying))).toEqual([]);
    expect(await cloud.ledger.ended([flying], PATIENCE_MS)).toMatchObject([{ event: 'monitored' }]);
    expectOneOfEach(cloud, flying);
  });

  it('F14 two who replay a run at once, and one who does it again, make one attempt', async () => {
    expect(await cloud.ledger.ended([parked], PATIENCE_MS)).toMatchObject([{ event: 'parked' }]);
    const replay = async () => {
      const { replays } = await baton.json<{ replays: { id: string; result: string }[] }>(
        ...['runs', 'replay', parked, '--reason', 'the service is back'],
      );
      return replays[0];
    };
    const both = await Promise.all([replay(), replay()]);
    expect(both.map(({ result }) => result).sort()).toEqual(['same', 'sent']);
    expect(await replay()).toMatchObject({ id: `${parked}/replay/2`, result: 'same' });
    const { code, stderr } = await baton('runs', 'replay', parked, '--from', 'ingest');
    expect([code, stderr]).toEqual([4, expect.stringContaining(`${parked} is in flight`)]);

    expect((await baton('runs', 'watch', parked)).code).toBe(0);
    const { stages, replays } = await baton.json<RunDescription>('runs', 'describe', parked);
    expect(replays).toHaveLength(1);
    expect(
      stages.filter(({ stage }) => stage === 'train').map(({ attempt, state }) => `${attempt} ${state}`),
    ).toEqual(['1 parked', '2 completed']);
    await expect.poll(() => endingsOf(cloud, parked, 'monitor', 2), soon).toHaveLength(1);
    expect(new Set(createdFor(cloud, parked).map(([, times]) => times))).toEqual(new Set([1]));
    expect(cloud.ledger.doubled).toEqual([]);
  });

  it('F7 what no handler took is kept, redriven once when the cause is gone, and starts its run', async () => {
    const kept = async () =>
      (await baton.json<{ parked: ParkedView[] }>('events', 'list', '--limit', '1')).parked.filter(
        ({ subscription, code }) => subscription === 'prepare' && code === 'BATON_DEAD_LETTER',
      );
    await expect.poll(kept, { timeout: PATIENCE_MS, interval: 500 }).toHaveLength(2);
    const ids = (await kept()).map(({ id }) => id);
    expect(await objectsUnder(cloud, layout.run(unheard))).toEqual([]);

    const redrive = async () =>
      (await baton.json<{ messages: RedriveResult[] }>('events', 'redrive', ...ids)).messages;
    const sent = await redrive();
    expect(sent.map(({ result }) => result)).toEqual(['sent', 'sent']);
    expect(await cloud.ledger.ended([unheard], PATIENCE_MS)).toMatchObject([{ event: 'monitored' }]);
    expectOneOfEach(cloud, unheard);
    expect((await redrive()).map(({ result, as }) => ({ result, as }))).toEqual(
      sent.map(({ as }) => ({ result: 'same', as })),
    );
  });
});
