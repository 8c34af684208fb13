import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { PubSub } from '../../local/pubsub/broker.ts';
import { pull } from '../../local/pubsub/pull.ts';
import { collect, openBroker, startPubSub, topicWith } from './pubsub-service.ts';

const TOPIC = 'projects/test-project/topics/durable';
const SUBSCRIPTION = 'projects/test-project/subscriptions/durable-sub';
const within = { timeout: 60_000, interval: 20 };

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'baton-restart-'));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

const journalFile = () => join(stateDir, 'pubsub', 'journal.jsonl');
const text = (value: string) => ({ data: Buffer.from(value) });
const receive = (broker: PubSub, name = SUBSCRIPTION) =>
  pull(broker.store.subscription(name), 100, { returnImmediately: true });
const textsOf = (deliveries: { message: { data: Uint8Array } }[]) =>
  deliveries.map(({ message }) => Buffer.from(message.data).toString());

function openWithSubscription(options: object = {}): PubSub {
  const broker = openBroker(stateDir);
  broker.declareTopic({ name: TOPIC });
  broker.declareSubscription({ name: SUBSCRIPTION, topic: TOPIC, ...options });
  return broker;
}

test('a second start has the topics, subscriptions and unacknowledged messages of the first', async () => {
  const first = await startPubSub({ stateDir });
  const { topic, subscription } = await topicWith(first.client, 'kept', {
    ackDeadlineSeconds: 30,
    labels: { team: 'ml' },
  });
  const received = collect(subscription, (message) => {
    if (message.data.toString() === 'acked') message.ack();
  });
  await topic.publishMessage(text('acked'));
  await vi.waitFor(() => expect(first.broker.statistics(subscription.name).unacked).toBe(0), within);
  await received.stop();
  const id = await topic.publishMessage({ ...text('waiting'), attributes: { a: 'b' }, orderingKey: 'k' });
  await first.close();

  const second = await startPubSub({ stateDir });
  const again = second.client.subscription('kept-sub');
  const [metadata] = await again.getMetadata();
  expect(metadata).toMatchObject({ ackDeadlineSeconds: 30, labels: { team: 'ml' } });
  const redelivered = collect(again);
  await vi.waitFor(() => expect(redelivered.texts()).toEqual(['waiting']), within);
  expect(redelivered.messages[0]).toMatchObject({ id, attributes: { a: 'b' }, orderingKey: 'k' });
  const later = await second.client.topic('kept').publishMessage(text('later'));
  expect(BigInt(later)).toBeGreaterThan(BigInt(id));
  await vi.waitFor(() => expect(second.broker.statistics(again.name).unacked).toBe(0), within);
  await redelivered.stop();
  await second.close();
});

test('no publish that was answered is lost to a SIGKILL', async () => {
  const program = `
    import { PubSub } from ${JSON.stringify(new URL('../../local/pubsub/broker.ts', import.meta.url).href)};
    const broker = new PubSub({ stateDir: process.argv[1], transport: {} });
    broker.declareTopic({ name: '${TOPIC}' });
    broker.declareSubscription({ name: '${SUBSCRIPTION}', topic: '${TOPIC}' });
    for (let n = 0; ; n++) {
      const [id] = broker.publish('${TOPIC}', [{ data: Buffer.from(String(n)) }]);
      if (!process.stdout.write(id + '\\n')) await new Promise((done) => process.stdout.once('drain', done));
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, stateDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const answered: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    answered.push(line);
    if (answered.length === 500) child.kill('SIGKILL');
  }
  const broker = openBroker(stateDir);
  const kept = new Set(
    [...broker.store.subscription(SUBSCRIPTION).backlog.unacked()].map(({ message }) => message.messageId),
  );
  expect(answered.length).toBeGreaterThanOrEqual(500);
  expect(answered.filter((id) => !kept.has(id))).toEqual([]);
  broker.close();
});

test('delivery counts survive, so a poison message reaches the dead-letter topic across restarts', async () => {
  const graveyard = 'projects/test-project/topics/graveyard';
  const declare = () => {
    const broker = openBroker(stateDir);
    broker.declareTopic({ name: graveyard });
    broker.declareSubscription({ name: `${SUBSCRIPTION}-dead`, topic: graveyard });
    broker.declareTopic({ name: TOPIC });
    const deadLetterPolicy = { deadLetterTopic: graveyard, maxDeliveryAttempts: 5 };
    broker.declareSubscription({ name: SUBSCRIPTION, topic: TOPIC, deadLetterPolicy });
    return broker;
  };
  let broker = declare();
  broker.publish(TOPIC, [text('poison')]);
  for (let attempt = 1; attempt <= 5; attempt++) {
    const [delivery] = await vi.waitFor(async () => {
      const deliveries = await receive(broker);
      expect(deliveries).toHaveLength(1);
      return deliveries;
    }, within);
    expect(delivery?.attempt).toBe(attempt);
    if (delivery) broker.store.subscription(SUBSCRIPTION).refuse(delivery);
    broker.close();
    broker = declare();
  }
  expect(broker.statistics(SUBSCRIPTION).unacked).toBe(0);
  const [dead] = await receive(broker, `${SUBSCRIPTION}-dead`);
  expect(dead?.message.attributes).toMatchObject({ CloudPubSubDeadLetterSourceDeliveryCount: '5' });
  broker.close();
});

test('snapshots, retained messages and seeks survive', async () => {
  let broker = openWithSubscription({ retainAckedMessages: true });
  broker.publish(TOPIC, [text('one'), text('two')]);
  const deliveries = await vi.waitFor(async () => {
    const pulled = await receive(broker);
    expect(pulled).toHaveLength(2);
    return pulled;
  }, within);
  broker.store.subscription(SUBSCRIPTION).acknowledge(deliveries.map(({ ackId }) => ackId));
  for (let start = 0; start < 2; start++) {
    broker.close();
    broker = openWithSubscription({ retainAckedMessages: true });
    expect(broker.statistics(SUBSCRIPTION).unacked).toBe(0);
  }
  broker.store.commit({ type: 'seek', subscription: SUBSCRIPTION, time: 0 });
  broker.close();
  broker = openWithSubscription({ retainAckedMessages: true });
  expect(textsOf(await receive(broker))).toEqual(['one', 'two']);
  broker.close();
});

test('a restart compacts the journal to what still matters', async () => {
  let broker = openWithSubscription();
  for (let n = 0; n < 50; n++) broker.publish(TOPIC, [text(`message ${n}`)]);
  const deliveries = await vi.waitFor(async () => {
    const pulled = await receive(broker);
    expect(pulled).toHaveLength(50);
    return pulled;
  }, within);
  broker.store.subscription(SUBSCRIPTION).acknowledge(deliveries.slice(1).map(({ ackId }) => ackId));
  broker.close();
  const before = readFileSync(journalFile(), 'utf8').split('\n').length;
  broker = openWithSubscription();
  expect(readFileSync(journalFile(), 'utf8').split('\n').length).toBeLessThan(before / 5);
  expect(textsOf(await receive(broker))).toEqual(['message 0']);
  broker.close();
});

test('a line cut off by a kill is ignored, and any other damage is named', () => {
  openWithSubscription().close();
  appendFileSync(journalFile(), '{"type":"publish","topic":"projec');
  const broker = openWithSubscription();
  expect(broker.statistics(SUBSCRIPTION).unacked).toBe(0);
  broker.close();
  const lines = readFileSync(journalFile(), 'utf8').split('\n');
  writeFileSync(journalFile(), [lines[0], '{"type":"pub', ...lines.slice(1)].join('\n'));
  expect(() => openBroker(stateDir)).toThrow(`Line 2 of ${journalFile()} is damaged`);
});

test('declaring a subscription again keeps its backlog; another filter makes it anew', () => {
  let broker = openWithSubscription();
  broker.publish(TOPIC, [text('kept')]);
  broker.close();
  broker = openWithSubscription({ ackDeadlineSeconds: 600, expirationPolicy: { ttl: '' } });
  expect(broker.store.subscription(SUBSCRIPTION).config).toMatchObject({ ackDeadlineSeconds: 600 });
  expect(broker.statistics(SUBSCRIPTION).unacked).toBe(1);
  broker.declareSubscription({ name: SUBSCRIPTION, topic: TOPIC, filter: 'attributes:stage' });
  expect(broker.statistics(SUBSCRIPTION).unacked).toBe(0);
  broker.close();
});
