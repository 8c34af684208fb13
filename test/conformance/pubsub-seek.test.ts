import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { collect, type PubSubService, startPubSub, topicWith } from './pubsub-service.ts';

let service: PubSubService;
beforeAll(async () => {
  service = await startPubSub();
});
afterAll(() => service.close());

const within = { timeout: 60_000, interval: 20 };
const publish = (topic: { publishMessage(message: { data: Buffer }): Promise<string> }, text: string) =>
  topic.publishMessage({ data: Buffer.from(text) });
const unackedOf = (subscription: { name: string }) => service.broker.statistics(subscription.name).unacked;

test('a seek into the past delivers again what the subscription retained', async () => {
  const { topic, subscription } = await topicWith(service.client, 'retaining', { retainAckedMessages: true });
  const received = collect(subscription);
  const start = new Date(Date.now() - 60_000);
  await publish(topic, 'one');
  await publish(topic, 'two');
  await vi.waitFor(() => expect(received.texts()).toEqual(['one', 'two']), within);
  await vi.waitFor(() => expect(unackedOf(subscription)).toBe(0), within);
  await subscription.seek(start);
  await vi.waitFor(() => expect(received.texts()).toEqual(['one', 'two', 'one', 'two']), within);
  await received.stop();
});

test('without retention there is nothing to seek back to', async () => {
  const { topic, subscription } = await topicWith(service.client, 'forgetting');
  const received = collect(subscription);
  await publish(topic, 'gone');
  await vi.waitFor(() => expect(received.texts()).toEqual(['gone']), within);
  await vi.waitFor(() => expect(unackedOf(subscription)).toBe(0), within);
  await subscription.seek(new Date(Date.now() - 60_000));
  expect(unackedOf(subscription)).toBe(0);
  await received.stop();
});

test('a seek into the future purges the backlog', async () => {
  const { topic, subscription } = await topicWith(service.client, 'purged');
  await publish(topic, 'old');
  expect(unackedOf(subscription)).toBe(1);
  await subscription.seek(new Date(Date.now() + 60_000));
  expect(unackedOf(subscription)).toBe(0);
});

test("a topic's retention serves a subscription made after the messages", async () => {
  const [topic] = await service.client.createTopic({
    name: 'topic-retention',
    messageRetentionDuration: { seconds: 3600 },
  });
  await publish(topic, 'before');
  const [subscription] = await topic.createSubscription('latecomer');
  const [metadata] = await subscription.getMetadata();
  expect(String(metadata.topicMessageRetentionDuration?.seconds)).toBe('3600');
  expect(unackedOf(subscription)).toBe(0);
  await subscription.seek(new Date(Date.now() - 60_000));
  const received = collect(subscription);
  await vi.waitFor(() => expect(received.texts()).toEqual(['before']), within);
  await received.stop();
});

test('a seek to a snapshot restores what was unacknowledged then, and all that came since', async () => {
  const { topic, subscription } = await topicWith(service.client, 'snapped');
  const received = collect(subscription);
  await publish(topic, 'acked before');
  await vi.waitFor(() => expect(unackedOf(subscription)).toBe(0), within);
  await received.stop();
  await publish(topic, 'unacked');
  const [snapshot] = await service.client.subscription('snapped-sub').createSnapshot('snap-one');
  await publish(topic, 'after');
  const reader = service.client.subscription('snapped-sub');
  const second = collect(reader);
  await vi.waitFor(() => expect(second.texts().sort()).toEqual(['after', 'unacked']), within);
  await vi.waitFor(() => expect(unackedOf(reader)).toBe(0), within);
  await reader.seek('snap-one');
  await vi.waitFor(() => expect(second.texts()).toHaveLength(4), within);
  expect(second.texts().slice(2).sort()).toEqual(['after', 'unacked']);
  await second.stop();
  await snapshot.delete();
  await expect(snapshot.seek()).rejects.toThrow('NOT_FOUND: Resource not found (resource=snap-one).');
});

test('snapshots are listed, labelled, and of one topic only', async () => {
  const { v1 } = await import('@google-cloud/pubsub');
  const subscriber = new v1.SubscriberClient();
  const { subscription } = await topicWith(service.client, 'snap-admin');
  const { subscription: other } = await topicWith(service.client, 'snap-other');
  const [created] = await subscription.createSnapshot('snap-two');
  const name = 'projects/test-project/snapshots/snap-two';
  await expect(subscription.createSnapshot('snap-two')).rejects.toThrow('ALREADY_EXISTS');
  await subscriber.updateSnapshot({
    snapshot: { name, labels: { kept: 'yes' } },
    updateMask: { paths: ['labels'] },
  });
  const [{ labels, topic, expireTime }] = await subscriber.getSnapshot({ snapshot: name });
  expect({ labels, topic }).toEqual({
    labels: { kept: 'yes' },
    topic: 'projects/test-project/topics/snap-admin',
  });
  expect(Number(expireTime?.seconds) * 1000).toBeGreaterThan(Date.now() + 6 * 86_400_000);
  await expect(other.seek('snap-two')).rejects.toThrow('both must be on the same topic');
  const [names] = await service.client.getSnapshots();
  expect(names.map((snapshot) => snapshot.name)).toContain(created.name);
  await subscriber.close();
});
