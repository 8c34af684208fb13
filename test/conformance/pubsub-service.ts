import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Message, PubSub, Subscription } from '@google-cloud/pubsub';
import { SignJWT } from 'jose';
import type { Warehouse } from '../../local/boundaries.ts';
import { PubSub as Broker } from '../../local/pubsub/broker.ts';
import type { DeliveryEvent } from '../../local/pubsub/consumer.ts';
import { pubsubGrpc } from '../../local/pubsub/grpc.ts';
import type { PushTransport } from '../../local/pubsub/push.ts';
import { startServices } from './harness.ts';

export interface PubSubService {
  broker: Broker;
  client: PubSub;
  /** Outcomes of deliveries so far. */
  deliveries: DeliveryEvent[];
  close(): Promise<void>;
}

/** Signs the identity tokens of push requests in these tests. */
export const signingKey = new TextEncoder().encode('a signing key that only these tests have');

const transport: PushTransport = {
  identityToken: (email, audience) =>
    new SignJWT({ email, email_verified: true })
      .setProtectedHeader({ alg: 'HS256' })
      .setAudience(audience)
      .setExpirationTime('1h')
      .sign(signingKey),
  post: async (url, { headers, body, timeoutMs }) => {
    const sent = typeof body === 'string' ? body : Buffer.from(body);
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body: sent,
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.arrayBuffer();
    return { status: response.status };
  },
};

/** A broker behind its gRPC surface, and the official client that the environment leads to it. */
export async function startPubSub(
  options: { stateDir?: string; warehouse?: Warehouse } = {},
): Promise<PubSubService> {
  const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), 'baton-pubsub-'));
  const deliveries: DeliveryEvent[] = [];
  const broker = openBroker(stateDir, { warehouse: options.warehouse, deliveries });
  const services = await startServices({ grpc: [pubsubGrpc(broker)], stateDir });
  const { PubSub } = await import('@google-cloud/pubsub');
  const client = new PubSub();
  return {
    broker,
    client,
    deliveries,
    close: async () => {
      await client.close();
      broker.close();
      await services.close();
      if (options.stateDir === undefined) rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

export function openBroker(
  stateDir: string,
  { warehouse, deliveries = [] }: { warehouse?: Warehouse; deliveries?: DeliveryEvent[] } = {},
): Broker {
  const broker = new Broker({
    stateDir,
    transport,
    ...(warehouse && { tablesOf: () => warehouse }),
    onDelivery: (event) => deliveries.push(event),
  });
  broker.start();
  return broker;
}

/** A fresh topic with one subscription. */
export async function topicWith(
  client: PubSub,
  name: string,
  options: Parameters<PubSub['createSubscription']>[2] = {},
) {
  const [topic] = await client.createTopic(name);
  const [subscription] = await topic.createSubscription(`${name}-sub`, options);
  return { topic, subscription };
}

/** Opens a streaming pull that keeps each message; `handle` settles it (the default acknowledges). */
export function collect(
  subscription: Subscription,
  handle: (message: Message) => void = (message) => message.ack(),
): { messages: Message[]; texts(): string[]; stop(): Promise<void> } {
  const messages: Message[] = [];
  subscription.on('message', (message: Message) => {
    messages.push(message);
    handle(message);
  });
  subscription.on('error', () => {});
  return {
    messages,
    texts: () => messages.map((message) => message.data.toString()),
    stop: async () => {
      subscription.removeAllListeners('message');
      await subscription.close();
    },
  };
}
