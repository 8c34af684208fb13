import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { collect, type PubSubService, startPubSub, topicWith } from './pubsub-service.ts';

let service: PubSubService;
beforeAll(async () => {
  service = await startPubSub();
});
afterAll(() => service.close());

const within = { timeout: 60_000, interval: 20 };

test('a published message reaches every subscription with its data, attributes and publish time', async () => {
  const { topic, subscription } = await topicWith(service.client, 'fan-out');
  const [second] = await topic.createSubscription('fan-out-second');
  const id = await topic.publishMessage({ data: Buffer.from('hello'), attributes: { colour: 'green' } });
  for (const received of [collect(subscription), collect(second)]) {
    await vi.waitFor(() => expect(received.messages).toHaveLength(1), within);
    const [message] = received.messages;
    expect(message).toMatchObject({ id, attributes: { colour: 'green' }, deliveryAttempt: 0 });
    expect(message?.data.toString()).toBe('hello');
    expect(Math.abs(Date.now() - (message?.publishTime.getTime() ?? 0))).toBeLessThan(60_000);
    await received.stop();
  }
});

test('the publish response comes before the delivery', async () => {
  const { topic, subscription } = await topicWith(service.client, 'response-first');
  const order: string[] = [];
  const received = collect(subscription, (message) => {
    order.push('delivered');
    message.ack();
  });
  await vi.waitFor(() => expect(service.broker.store.subscription(subscription.name)).toBeDefined(), within);
  await topic.publishMessage({ data: Buffer.from('x') });
  order.push('published');
  await vi.waitFor(() => expect(order).toHaveLength(2), within);
  expect(order).toEqual(['published', 'delivered']);
  await received.stop();
});

test('an acknowledged message is gone, a refused one comes again at once without a retry policy', async () => {
  const { topic, subscription } = await topicWith(service.client, 'refused');
  const received = collect(subscription, (message) =>
    received.messages.length < 3 ? message.nack() : message.ack(),
  );
  const id = await topic.publishMessage({ data: Buffer.from('x') });
  await vi.waitFor(
    () => expect(service.broker.statistics(subscription.name)).toMatchObject({ unacked: 0, outstanding: 0 }),
    within,
  );
  expect(received.messages.map((message) => message.id)).toEqual([id, id, id]);
  const outcomes = service.deliveries.filter(({ messageId }) => messageId === id);
  expect(outcomes.map(({ attempt, outcome }) => `${attempt} ${outcome}`)).toEqual([
    '1 nacked',
    '2 nacked',
    '3 acked',
  ]);
  await received.stop();
});

test('a retry policy delays redelivery, longer each time', async () => {
  const { topic, subscription } = await topicWith(service.client, 'backoff', {
    retryPolicy: { minimumBackoff: { seconds: 1 }, maximumBackoff: { seconds: 2 } },
  });
  const times: number[] = [];
  const received = collect(subscription, (message) => {
    times.push(Date.now());
    if (times.length < 3) message.nack();
    else message.ack();
  });
  await topic.publishMessage({ data: Buffer.from('x') });
  await vi.waitFor(() => expect(times).toHaveLength(3), within);
  const [first, second] = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  // Timers may fire a little early by the clock.
  expect(first).toBeGreaterThan(900);
  expect(second).toBeGreaterThan(1900);
  await received.stop();
});

test('a message that keeps failing goes to the dead-letter topic with its provenance', async () => {
  const { client } = service;
  const { topic: graveyard, subscription: buried } = await topicWith(client, 'graveyard');
  const { topic, subscription } = await topicWith(client, 'mortal', {
    deadLetterPolicy: { deadLetterTopic: graveyard.name, maxDeliveryAttempts: 5 },
  });
  const received = collect(subscription, (message) => message.nack());
  const dead = collect(buried);
  await topic.publishMessage({ data: Buffer.from('poison'), attributes: { kept: 'yes' } });
  await vi.waitFor(() => expect(dead.messages).toHaveLength(1), within);
  expect(received.messages.map((message) => message.deliveryAttempt)).toEqual([1, 2, 3, 4, 5]);
  expect(dead.messages[0]?.attributes).toMatchObject({
    kept: 'yes',
    CloudPubSubDeadLetterSourceDeliveryCount: '5',
    CloudPubSubDeadLetterSourceSubscription: 'mortal-sub',
    CloudPubSubDeadLetterSourceSubscriptionProject: 'test-project',
    CloudPubSubDeadLetterSourceTopicPublishTime: expect.stringMatching(/^\d{4}-.*Z$/),
  });
  expect(service.broker.statistics(subscription.name).unacked).toBe(0);
  await Promise.all([received.stop(), dead.stop()]);
});

test('messages of one ordering key arrive in order, and a refused one takes the later ones back', async () => {
  const { topic, subscription } = await topicWith(service.client, 'ordered', { enableMessageOrdering: true });
  topic.setPublishOptions({ messageOrdering: true, batching: { maxMilliseconds: 1 } });
  let refused = false;
  const received = collect(subscription, (message) => {
    if (message.data.toString() === 'a2' && !refused) {
      refused = true;
      message.nack();
    } else message.ack();
  });
  const keys = ['a1', 'a2', 'a3', 'b1', 'b2', 'b3', 'a4', 'b4'];
  await Promise.all(
    keys.map((text) => topic.publishMessage({ data: Buffer.from(text), orderingKey: text[0] })),
  );
  await vi.waitFor(() => expect(service.broker.statistics(subscription.name).unacked).toBe(0), within);
  const texts = received.texts();
  expect(texts.filter((text) => text.startsWith('b'))).toEqual(['b1', 'b2', 'b3', 'b4']);
  const afterRefusal = texts.slice(texts.lastIndexOf('a2')).filter((text) => text.startsWith('a'));
  expect(afterRefusal).toEqual(['a2', 'a3', 'a4']);
  await received.stop();
});

test('a filter decides what a subscription gets', async () => {
  const { topic, subscription } = await topicWith(service.client, 'filtered', {
    filter: 'attributes.stage = "train" AND NOT attributes:draft',
  });
  const received = collect(subscription);
  const publish = (text: string, attributes: Record<string, string>) =>
    topic.publishMessage({ data: Buffer.from(text), attributes });
  await publish('wrong stage', { stage: 'deploy' });
  await publish('draft', { stage: 'train', draft: '1' });
  await publish('right', { stage: 'train' });
  await vi.waitFor(() => expect(received.texts()).toEqual(['right']), within);
  await received.stop();
});

test('a stream has no more messages outstanding than its flow control allows', async () => {
  const { topic } = await topicWith(service.client, 'flow');
  const subscription = topic.subscription('flow-sub', {
    flowControl: { maxMessages: 2 },
    streamingOptions: { maxStreams: 1 },
  });
  let most = 0;
  const received = collect(subscription, (message) => {
    most = Math.max(most, service.broker.statistics(subscription.name).outstanding);
    setImmediate(() => message.ack());
  });
  for (let index = 0; index < 20; index++) await topic.publishMessage({ data: Buffer.from(String(index)) });
  await vi.waitFor(() => expect(received.messages).toHaveLength(20), within);
  expect(most).toBeLessThanOrEqual(2);
  await received.stop();
});

test('pull leases messages; an expired or zero deadline gives them back, an extended one does not', async () => {
  const { v1 } = await import('@google-cloud/pubsub');
  const subscriber = new v1.SubscriberClient();
  const {
    topic,
    subscription: { name: subscription },
  } = await topicWith(service.client, 'pulled');
  for (const text of ['one', 'two']) await topic.publishMessage({ data: Buffer.from(text) });
  const pull = async (maxMessages: number) => {
    const [{ receivedMessages }] = await subscriber.pull({ subscription, maxMessages });
    return receivedMessages ?? [];
  };
  const [one] = await pull(1);
  const [two] = await pull(1);
  const ackIds = [one, two].map((message) => message?.ackId ?? '');
  await subscriber.modifyAckDeadline({ subscription, ackIds: ackIds.slice(0, 1), ackDeadlineSeconds: 0 });
  await subscriber.modifyAckDeadline({ subscription, ackIds: ackIds.slice(1), ackDeadlineSeconds: 1 });
  const [again] = await pull(5);
  expect(again?.message?.messageId).toBe(one?.message?.messageId);
  const [expired] = await pull(5);
  expect(expired?.message?.messageId).toBe(two?.message?.messageId);
  await subscriber.acknowledge({ subscription, ackIds: [again?.ackId ?? '', expired?.ackId ?? ''] });
  expect(service.broker.statistics(subscription)).toEqual({
    unacked: 0,
    outstanding: 0,
    oldestUnackedAt: undefined,
  });
  await subscriber.close();
});

test('an exactly-once subscription confirms acknowledgements, and refuses those that come too late', async () => {
  const { topic, subscription } = await topicWith(service.client, 'once', {
    enableExactlyOnceDelivery: true,
  });
  const received = collect(subscription, () => {});
  await topic.publishMessage({ data: Buffer.from('first') });
  await vi.waitFor(() => expect(received.messages).toHaveLength(1), within);
  await expect(received.messages[0]?.ackWithResponse()).resolves.toBe('SUCCESS');
  await topic.publishMessage({ data: Buffer.from('second') });
  await vi.waitFor(() => expect(received.messages).toHaveLength(2), within);
  const late = received.messages[1];
  service.broker.store.subscription(subscription.name).modifyAckDeadline(late?.ackId ?? '', 0);
  await vi.waitFor(() => expect(received.messages).toHaveLength(3), within);
  await expect(late?.ackWithResponse()).rejects.toThrow();
  await expect(received.messages[2]?.ackWithResponse()).resolves.toBe('SUCCESS');
  await received.stop();
});

test('a malformed acknowledgement id is refused', async () => {
  const { v1 } = await import('@google-cloud/pubsub');
  const subscriber = new v1.SubscriberClient();
  const { subscription } = await topicWith(service.client, 'malformed-ack');
  await expect(
    subscriber.acknowledge({ subscription: subscription.name, ackIds: ['nonsense'] }),
  ).rejects.toThrow('INVALID_ARGUMENT: You have passed an invalid ack ID to the service (ack_id=nonsense).');
  await subscriber.close();
});

test('a stream ends with its error when the subscription is missing, and when it is deleted', async () => {
  const missing = service.client.subscription('never-made');
  const failed = new Promise<Error>((resolve) => missing.on('error', resolve));
  missing.on('message', () => {});
  expect((await failed).message).toContain('Resource not found (resource=never-made).');
  await missing.close();

  const { topic, subscription } = await topicWith(service.client, 'short-lived');
  const ended = new Promise<Error>((resolve) => subscription.on('error', resolve));
  const received = collect(subscription);
  await topic.publishMessage({ data: Buffer.from('x') });
  await vi.waitFor(() => expect(received.messages).toHaveLength(1), within);
  service.broker.deleteSubscription(subscription.name);
  expect((await ended).message).toContain('Resource not found (resource=short-lived-sub).');
  await received.stop();
});
