import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { collect, type PubSubService, startPubSub, topicWith } from './pubsub-service.ts';

let service: PubSubService;
beforeAll(async () => {
  service = await startPubSub();
});
afterAll(() => service.close());

const within = { timeout: 60_000, interval: 20 };

test('a new subscription has the defaults of the service', async () => {
  const { subscription } = await topicWith(service.client, 'defaults');
  const [metadata] = await subscription.getMetadata();
  expect(metadata).toMatchObject({
    ackDeadlineSeconds: 10,
    messageRetentionDuration: { seconds: '604800' },
    expirationPolicy: { ttl: { seconds: '2678400' } },
    state: 'ACTIVE',
    detached: false,
    retryPolicy: null,
    deadLetterPolicy: null,
  });
  expect(metadata.pushConfig?.pushEndpoint).toBe('');
});

test.each([
  ['ab', 'too short'],
  ['1abc', 'starts with a digit'],
  ['goog-topic', 'starts with goog'],
  ['a/b/c', 'has slashes'],
])('the topic name %s is refused: %s', async (name) => {
  await expect(service.client.createTopic(`projects/test-project/topics/${name}`)).rejects.toThrow(
    `INVALID_ARGUMENT: Invalid resource name given (name=projects/test-project/topics/${name}).`,
  );
});

test('what exists can not be created, what does not exist can not be found', async () => {
  const { topic, subscription } = await topicWith(service.client, 'twice');
  await expect(topic.create()).rejects.toThrow(
    'ALREADY_EXISTS: Resource already exists in the project (resource=twice).',
  );
  await expect(topic.createSubscription('twice-sub')).rejects.toThrow('ALREADY_EXISTS');
  const nowhere = service.client.topic('nowhere');
  await expect(nowhere.createSubscription('orphan')).rejects.toThrow(
    'NOT_FOUND: Resource not found (resource=nowhere).',
  );
  await expect(nowhere.publishMessage({ data: Buffer.from('x') })).rejects.toThrow('NOT_FOUND');
  await subscription.delete();
  await expect(subscription.getMetadata()).rejects.toThrow(
    'NOT_FOUND: Resource not found (resource=twice-sub).',
  );
});

test.each([
  [{ ackDeadlineSeconds: 5 }, 'Invalid ack deadline given (ackDeadlineSeconds=5)'],
  [{ messageRetentionDuration: { seconds: 60 } }, 'it must be between 10 minutes and 31 days'],
  [{ filter: 'attributes.a = "b" AND' }, 'Invalid filter: unexpected end'],
  [{ pushConfig: { pushEndpoint: 'not a url' } }, 'Invalid push endpoint given (endpoint=not a url)'],
  [{ retryPolicy: { minimumBackoff: { seconds: 700 } } }, 'Invalid retry policy given'],
  [
    { deadLetterPolicy: { deadLetterTopic: 'projects/test-project/topics/nowhere' } },
    'Resource not found (resource=nowhere)',
  ],
  [
    { deadLetterPolicy: { deadLetterTopic: 'projects/test-project/topics/strict', maxDeliveryAttempts: 3 } },
    'maxDeliveryAttempts=3',
  ],
  [{ cloudStorageConfig: { bucket: 'b' } }, 'UNIMPLEMENTED: Subscription.cloud_storage_config'],
])('a subscription with %j is refused', async (options, message) => {
  const topic = service.client.topic('strict');
  await topic.get({ autoCreate: true });
  await expect(topic.createSubscription('strict-sub', options)).rejects.toThrow(message);
  expect(await topic.subscription('strict-sub').exists()).toEqual([false]);
});

test('an update changes what its mask names and nothing else', async () => {
  const { subscription } = await topicWith(service.client, 'masked', { labels: { a: '1' } });
  await subscription.setMetadata({ ackDeadlineSeconds: 60 });
  const [metadata] = await subscription.getMetadata();
  expect(metadata).toMatchObject({ ackDeadlineSeconds: 60, labels: { a: '1' } });
  await expect(subscription.setMetadata({ filter: 'attributes:a' })).rejects.toThrow(
    "INVALID_ARGUMENT: Invalid update_mask provided in the UpdateSubscriptionRequest: 'filter'",
  );
  const topic = service.client.topic('masked');
  await topic.setMetadata({ labels: { b: '2' } });
  const [updated] = await topic.getMetadata();
  expect(updated.labels).toEqual({ b: '2' });
});

test('lists come in pages', async () => {
  const { v1 } = await import('@google-cloud/pubsub');
  const publisher = new v1.PublisherClient();
  const names = ['page-a', 'page-b', 'page-c'];
  for (const name of names) await topicWith(service.client, name);
  const request = { project: 'projects/test-project', pageSize: 2 };
  const [first, , { nextPageToken }] = await publisher.listTopics(request, { autoPaginate: false });
  expect(first).toHaveLength(2);
  expect(nextPageToken).not.toBe('');
  const all: string[] = [];
  for await (const topic of publisher.listTopicsAsync(request, { autoPaginate: false }))
    all.push(topic.name ?? '');
  expect(new Set(all).size).toBe(all.length);
  expect(all).toEqual(expect.arrayContaining(names.map((name) => `projects/test-project/topics/${name}`)));
  const [subscriptions] = await service.client.topic('page-a').getSubscriptions();
  expect(subscriptions.map(({ name }) => name)).toEqual(['projects/test-project/subscriptions/page-a-sub']);
  await publisher.close();
});

test('the subscription of a deleted topic keeps its backlog and names no topic', async () => {
  const { topic, subscription } = await topicWith(service.client, 'deleted');
  await topic.publishMessage({ data: Buffer.from('still here') });
  await topic.delete();
  const [metadata] = await subscription.getMetadata();
  expect(metadata.topic).toBe('_deleted-topic_');
  const [successor] = await service.client.createTopic('deleted');
  await successor.publishMessage({ data: Buffer.from('not for you') });
  const received = collect(subscription);
  await vi.waitFor(() => expect(received.texts()).toEqual(['still here']), within);
  await vi.waitFor(() => expect(service.broker.statistics(subscription.name).unacked).toBe(0), within);
  await received.stop();
});

test('a detached subscription has no backlog and can not be pulled', async () => {
  const { v1 } = await import('@google-cloud/pubsub');
  const subscriber = new v1.SubscriberClient();
  const { topic, subscription } = await topicWith(service.client, 'detached');
  await topic.publishMessage({ data: Buffer.from('dropped') });
  await service.client.detachSubscription('detached-sub');
  await topic.publishMessage({ data: Buffer.from('not delivered') });
  expect(await subscription.detached()).toEqual([true]);
  expect(service.broker.statistics(subscription.name).unacked).toBe(0);
  await expect(subscriber.pull({ subscription: subscription.name, maxMessages: 1 })).rejects.toThrow(
    'FAILED_PRECONDITION',
  );
  await subscriber.close();
});

test.each([
  ['nothing in it', [{}], 'Each message must contain either non-empty data, or at least one attribute.'],
  [
    '101 attributes',
    [{ attributes: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`k${i}`, 'v'])) }],
    'attribute_count is too large. You passed 101',
  ],
  ['a long attribute key', [{ attributes: { ['k'.repeat(257)]: 'v' } }], 'attribute_key_size is too large'],
  ['a long attribute value', [{ attributes: { k: 'v'.repeat(1025) } }], 'attribute_value_size is too large'],
  ['more than 10 MB', [{ data: Buffer.alloc(10 * 1024 * 1024 + 1) }], 'but the maximum value is 10485760.'],
  [
    'two ordering keys',
    [
      { data: Buffer.from('x'), orderingKey: 'a' },
      { data: Buffer.from('y'), orderingKey: 'b' },
    ],
    'all messages must have no ordering key or they must all have the same ordering key',
  ],
])('a publish request with %s is refused', async (_, messages, expected) => {
  const { v1 } = await import('@google-cloud/pubsub');
  const publisher = new v1.PublisherClient();
  await service.client.topic('limits').get({ autoCreate: true });
  await expect(publisher.publish({ topic: 'projects/test-project/topics/limits', messages })).rejects.toThrow(
    expected,
  );
  await publisher.close();
});

test('schemas answer UNIMPLEMENTED', async () => {
  await expect(service.client.createSchema('s', 'AVRO', '{}')).rejects.toThrow('UNIMPLEMENTED');
});
