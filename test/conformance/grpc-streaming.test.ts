import type { v1 } from '@google-cloud/pubsub';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GrpcModule } from '../../local/boundaries.ts';
import { StatusError } from '../../local/status.ts';
import { type Services, startServices, TEST_PRINCIPAL } from './harness.ts';

const SUBSCRIBER = 'google.pubsub.v1.Subscriber';
const SUBSCRIPTION = 'projects/test-project/subscriptions/s';

const subscriber: GrpcModule = {
  protos: '@google-cloud/pubsub',
  files: ['google/pubsub/v1/pubsub.proto'],
  services: [SUBSCRIBER],
  unary: {},
  streaming: {
    [`${SUBSCRIBER}/StreamingPull`]: (call, { caller }) => {
      if (!('write' in call)) throw new TypeError('StreamingPull answers a stream.');
      call.on('data', ({ subscription }: { subscription: string }) => {
        if (subscription === SUBSCRIPTION) {
          call.write({
            receivedMessages: [{ ackId: '1', message: { data: Buffer.from(caller.principal) } }],
          });
        } else {
          call.emit('error', new StatusError('NOT_FOUND', `Resource not found (resource=${subscription}).`));
        }
      });
      call.on('end', () => call.end());
    },
  },
};

let services: Services;
let client: v1.SubscriberClient;

beforeAll(async () => {
  services = await startServices({ grpc: [subscriber] });
  const { v1: clients } = await import('@google-cloud/pubsub');
  client = new clients.SubscriberClient();
});
afterAll(async () => {
  await client.close();
  await services.close();
});

function pull(subscription: string): Promise<string> {
  const stream = client.streamingPull();
  return new Promise((resolve, reject) => {
    stream.on('data', ({ receivedMessages: [received] }) => {
      resolve(received.message.data.toString());
      stream.end();
    });
    stream.on('error', reject);
    stream.write({ subscription, streamAckDeadlineSeconds: 10 });
  });
}

test('a stream carries messages both ways and knows its caller', async () => {
  expect(await pull(SUBSCRIPTION)).toBe(TEST_PRINCIPAL);
});

test('a stream that the handler ends with a status fails with it', async () => {
  await expect(pull('projects/test-project/subscriptions/none')).rejects.toMatchObject({
    code: 5,
    details: 'Resource not found (resource=projects/test-project/subscriptions/none).',
  });
});
