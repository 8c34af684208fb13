import { jwtVerify } from 'jose';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type PushEndpoint, type ReceivedPush, startPushEndpoint } from './pubsub-push-endpoint.ts';
import { type PubSubService, signingKey, startPubSub, topicWith } from './pubsub-service.ts';

let service: PubSubService;
const endpoints: PushEndpoint[] = [];
beforeAll(async () => {
  service = await startPubSub();
});
afterEach(async () => {
  await Promise.all(endpoints.splice(0).map((endpoint) => endpoint.close()));
});
afterAll(() => service.close());

const within = { timeout: 60_000, interval: 20 };

async function endpointAnswering(answer: (push: ReceivedPush, count: number) => number | Promise<number>) {
  const endpoint = await startPushEndpoint(answer);
  endpoints.push(endpoint);
  return endpoint;
}

const unackedOf = (subscription: { name: string }) => service.broker.statistics(subscription.name).unacked;

test('a push carries the wrapped message and nothing else', async () => {
  const endpoint = await endpointAnswering(() => 204);
  const { topic, subscription } = await topicWith(service.client, 'wrapped', {
    pushConfig: { pushEndpoint: `${endpoint.url}/hook` },
    enableMessageOrdering: true,
  });
  topic.setPublishOptions({ messageOrdering: true });
  const id = await topic.publishMessage({
    data: Buffer.from('hi'),
    attributes: { a: 'b' },
    orderingKey: 'k',
  });
  await vi.waitFor(() => expect(unackedOf(subscription)).toBe(0), within);
  const [push] = endpoint.received;
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(JSON.parse(push?.body ?? '')).toEqual({
    message: {
      attributes: { a: 'b' },
      data: Buffer.from('hi').toString('base64'),
      messageId: id,
      message_id: id,
      orderingKey: 'k',
      publishTime: time,
      publish_time: time,
    },
    subscription: 'projects/test-project/subscriptions/wrapped-sub',
  });
  expect(push).toMatchObject({ path: '/hook', headers: { 'content-type': 'application/json' } });
  expect(push?.headers.authorization).toBeUndefined();
});

test('a message of attributes alone is pushed without data', async () => {
  const endpoint = await endpointAnswering(() => 200);
  const { topic } = await topicWith(service.client, 'attributes-only', {
    pushConfig: { pushEndpoint: endpoint.url },
  });
  await topic.publishMessage({ attributes: { eventType: 'OBJECT_FINALIZE' } });
  await vi.waitFor(() => expect(endpoint.received).toHaveLength(1), within);
  const { message } = JSON.parse(endpoint.received[0]?.body ?? '');
  expect(message.attributes).toEqual({ eventType: 'OBJECT_FINALIZE' });
  expect(message).not.toHaveProperty('data');
});

test('an unwrapped push has the data as its body, and the rest in headers when asked', async () => {
  const endpoint = await endpointAnswering(() => 200);
  const { topic, subscription } = await topicWith(service.client, 'unwrapped', {
    pushConfig: { pushEndpoint: endpoint.url, noWrapper: { writeMetadata: true } },
  });
  const attributes = { 'ce-id': '7', 'content-type': 'application/json', Host: 'elsewhere' };
  const id = await topic.publishMessage({ data: Buffer.from('{"n":1}'), attributes });
  await vi.waitFor(() => expect(endpoint.received).toHaveLength(1), within);
  const [push] = endpoint.received;
  expect(push?.body).toBe('{"n":1}');
  expect(push?.headers).toMatchObject({
    'ce-id': '7',
    'content-type': 'application/json',
    'x-goog-pubsub-message-id': id,
    'x-goog-pubsub-subscription-name': subscription.name,
  });
  expect(push?.headers.host).toBe(new URL(endpoint.url).host);
});

test('an authenticated push bears a signed token of the service account for the audience', async () => {
  const endpoint = await endpointAnswering(() => 200);
  const serviceAccountEmail = 'pusher@test-project.iam.gserviceaccount.com';
  const { topic } = await topicWith(service.client, 'authenticated', {
    pushConfig: {
      pushEndpoint: endpoint.url,
      oidcToken: { serviceAccountEmail, audience: 'https://a.run.app' },
    },
  });
  await topic.createSubscription('authenticated-default', {
    pushConfig: { pushEndpoint: `${endpoint.url}/d`, oidcToken: { serviceAccountEmail } },
  });
  await topic.publishMessage({ data: Buffer.from('x') });
  await vi.waitFor(() => expect(endpoint.received).toHaveLength(2), within);
  for (const push of endpoint.received) {
    const token = push.headers.authorization?.replace('Bearer ', '') ?? '';
    const audience = push.path === '/d' ? `${endpoint.url}/d` : 'https://a.run.app';
    const { payload } = await jwtVerify(token, signingKey, { audience });
    expect(payload.email).toBe(serviceAccountEmail);
  }
});

test.each([200, 201, 202, 204])('the status %i acknowledges', async (status) => {
  const endpoint = await endpointAnswering(() => status);
  const { topic, subscription } = await topicWith(service.client, `status-${status}`, {
    pushConfig: { pushEndpoint: endpoint.url },
  });
  await topic.publishMessage({ data: Buffer.from('x') });
  await vi.waitFor(() => expect(service.deliveries.at(-1)?.subscription).toBe(subscription.name), within);
  expect(service.deliveries.at(-1)?.outcome).toBe('acked');
  expect(unackedOf(subscription)).toBe(0);
});

test.each([203, 301, 400, 404, 429, 500, 503])(
  'the status %i refuses, and the message is pushed again',
  async (status) => {
    const endpoint = await endpointAnswering((_, count) => (count === 1 ? status : 200));
    const { topic, subscription } = await topicWith(service.client, `status-${status}`, {
      pushConfig: { pushEndpoint: endpoint.url },
    });
    await topic.publishMessage({ data: Buffer.from('x') });
    await vi.waitFor(() => expect(endpoint.received).toHaveLength(2), within);
    await vi.waitFor(() => expect(unackedOf(subscription)).toBe(0), within);
  },
);

test('an endpoint that is down gets the message once it is up', async () => {
  const down = await startPushEndpoint(() => 200);
  const { topic, subscription } = await topicWith(service.client, 'down', {
    pushConfig: { pushEndpoint: down.url },
  });
  await down.close();
  await topic.publishMessage({ data: Buffer.from('x') });
  await vi.waitFor(() => expect(service.deliveries.at(-1)?.outcome).toBe('nacked'), within);
  const up = await endpointAnswering(() => 200);
  await subscription.modifyPushConfig({ pushEndpoint: up.url });
  await vi.waitFor(() => expect(unackedOf(subscription)).toBe(0), within);
  expect(up.received).toHaveLength(1);
});

test('a push that keeps failing tells its attempt, then goes to the dead-letter topic', async () => {
  const endpoint = await endpointAnswering(() => 500);
  const graveyard = await endpointAnswering(() => 200);
  const { topic: dead } = await topicWith(service.client, 'push-dead', {
    pushConfig: { pushEndpoint: graveyard.url },
  });
  const { topic } = await topicWith(service.client, 'push-mortal', {
    pushConfig: { pushEndpoint: endpoint.url },
    deadLetterPolicy: { deadLetterTopic: dead.name, maxDeliveryAttempts: 5 },
  });
  await topic.publishMessage({ data: Buffer.from('x') });
  await vi.waitFor(() => expect(graveyard.received).toHaveLength(1), within);
  expect(endpoint.received.map((push) => JSON.parse(push.body).deliveryAttempt)).toEqual([1, 2, 3, 4, 5]);
});

test('the pushes of one ordering key follow one another, also through a failure', async () => {
  const texts: string[] = [];
  const endpoint = await endpointAnswering((push) => {
    const { message } = JSON.parse(push.body);
    texts.push(Buffer.from(message.data, 'base64').toString());
    return texts.filter((text) => text === '2').length === 1 && texts.at(-1) === '2' ? 500 : 200;
  });
  const { topic, subscription } = await topicWith(service.client, 'push-ordered', {
    pushConfig: { pushEndpoint: endpoint.url },
    enableMessageOrdering: true,
  });
  topic.setPublishOptions({ messageOrdering: true });
  await Promise.all(
    ['1', '2', '3', '4'].map((text) => topic.publishMessage({ data: Buffer.from(text), orderingKey: 'k' })),
  );
  await vi.waitFor(() => expect(unackedOf(subscription)).toBe(0), within);
  expect(texts).toEqual(['1', '2', '2', '3', '4']);
  expect(endpoint.mostConcurrent()).toBe(1);
});

test('push concurrency starts small and grows with success', async () => {
  const release: (() => void)[] = [];
  const endpoint = await endpointAnswering(() => new Promise((resolve) => release.push(() => resolve(200))));
  const { topic, subscription } = await topicWith(service.client, 'slow-start', {
    pushConfig: { pushEndpoint: endpoint.url },
  });
  await Promise.all(Array.from({ length: 40 }, () => topic.publishMessage({ data: Buffer.from('x') })));
  await vi.waitFor(() => expect(release).toHaveLength(3), within);
  expect(service.broker.statistics(subscription.name).outstanding).toBe(3);
  for (const go of release.splice(0)) go();
  await vi.waitFor(() => expect(endpoint.mostConcurrent()).toBeGreaterThan(3), within);
  await vi.waitFor(() => {
    for (const go of release.splice(0)) go();
    expect(unackedOf(subscription)).toBe(0);
  }, within);
});
