import type { Delivery } from './consumer.ts';
import type { StoredMessage } from './message.ts';
import type { SubscriptionConfig } from './subscription-config.ts';

export interface PushRequest {
  headers: Record<string, string>;
  body: string | Uint8Array;
}

/** Headers that belong to the request itself; an attribute of that name doesn't replace them. */
const RESERVED_HEADERS = new Set([
  'authorization',
  'connection',
  'content-length',
  'host',
  'transfer-encoding',
]);

/** The request that hands a message to the push endpoint, without its authorization. */
export function pushRequest(config: SubscriptionConfig, delivery: Delivery): PushRequest {
  const headers = {
    accept: 'application/json',
    from: 'noreply@google.com',
    'user-agent': 'CloudPubSub-Google',
  };
  const { noWrapper } = config.pushConfig ?? {};
  if (!noWrapper) {
    const body = JSON.stringify(wrapped(config, delivery));
    return { headers: { ...headers, 'content-type': 'application/json' }, body };
  }
  const metadata = noWrapper.writeMetadata ? metadataHeaders(config.name, delivery.message) : {};
  return { headers: { ...metadata, ...headers }, body: delivery.message.data };
}

/** Each field comes in both of its spellings where Google sends both. */
function wrapped(config: SubscriptionConfig, { message, attempt }: Delivery): object {
  const publishTime = new Date(message.publishTime).toISOString();
  return {
    deliveryAttempt: config.deadLetterPolicy ? attempt : undefined,
    message: {
      attributes: Object.keys(message.attributes).length > 0 ? message.attributes : undefined,
      data: message.data.length > 0 ? Buffer.from(message.data).toString('base64') : undefined,
      messageId: message.messageId,
      message_id: message.messageId,
      orderingKey: message.orderingKey || undefined,
      publishTime,
      publish_time: publishTime,
    },
    subscription: config.name,
  };
}

function metadataHeaders(subscription: string, message: StoredMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [key, value] of Object.entries(message.attributes)) {
    const name = key.toLowerCase();
    if (!RESERVED_HEADERS.has(name)) headers[name] = value;
  }
  headers['x-goog-pubsub-subscription-name'] = subscription;
  headers['x-goog-pubsub-message-id'] = message.messageId;
  headers['x-goog-pubsub-publish-time'] = new Date(message.publishTime).toISOString();
  if (message.orderingKey) headers['x-goog-pubsub-ordering-key'] = message.orderingKey;
  return headers;
}
