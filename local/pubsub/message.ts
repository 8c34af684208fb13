import type { google } from '@google-cloud/pubsub/build/protos/protos.js';
import type { MessageInput } from '../boundaries.ts';
import { invalidArgument, tooLarge } from './errors.ts';
import { secondsAndNanos } from './time-values.ts';

/** A published message. One object serves all the subscriptions that hold it. */
export interface StoredMessage {
  /** Grows with each publish of the broker; its decimal digits are the message id. */
  readonly sequence: number;
  readonly messageId: string;
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey: string;
  /** Milliseconds since the epoch. */
  readonly publishTime: number;
}

/** A stored message as a line of the journal has it. */
export interface JournaledMessage {
  sequence: number;
  data?: string;
  attributes?: Record<string, string>;
  orderingKey?: string;
  publishTime: number;
}

const LIMITS = {
  messages: 1000,
  requestBytes: 10 * 1024 * 1024,
  attributes: 100,
  attributeKeyBytes: 256,
  attributeValueBytes: 1024,
  orderingKeyBytes: 1024,
} as const;

/**
 * Checks one publish request against the service's limits.
 *
 * @throws INVALID_ARGUMENT
 */
export function checkPublish(messages: readonly MessageInput[]): void {
  if (messages.length === 0) {
    throw invalidArgument(
      'The value for message_count is too small. You passed 0 in the request, but the minimum value is 1.',
    );
  }
  atMost('message_count', messages.length, LIMITS.messages);
  if (new Set(messages.map((message) => message.orderingKey ?? '')).size > 1) {
    throw invalidArgument(
      'In a single publish request, all messages must have no ordering key or they must all have the same ordering key.',
    );
  }
  let requestBytes = 0;
  for (const message of messages) requestBytes += checkMessage(message);
  atMost('request_size', requestBytes, LIMITS.requestBytes);
}

function checkMessage(message: MessageInput): number {
  const attributes = Object.entries(message.attributes ?? {});
  if (!message.data?.length && attributes.length === 0) {
    throw invalidArgument(
      'One or more messages in the publish request is empty. Each message must contain either non-empty data, or at least one attribute.',
    );
  }
  atMost('attribute_count', attributes.length, LIMITS.attributes);
  const orderingKeyBytes = Buffer.byteLength(message.orderingKey ?? '');
  atMost('ordering_key_size', orderingKeyBytes, LIMITS.orderingKeyBytes);
  let bytes = (message.data?.length ?? 0) + orderingKeyBytes;
  for (const [key, value] of attributes) {
    if (key === '') throw invalidArgument('A message attribute has an empty key.');
    atMost('attribute_key_size', Buffer.byteLength(key), LIMITS.attributeKeyBytes);
    atMost('attribute_value_size', Buffer.byteLength(value), LIMITS.attributeValueBytes);
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  atMost('message_size', bytes, LIMITS.requestBytes);
  return bytes;
}

function atMost(value: string, passed: number, maximum: number): void {
  if (passed > maximum) throw tooLarge(value, passed, maximum);
}

/** The message that a publish stores. */
export function store(message: MessageInput, sequence: number, publishTime: number): StoredMessage {
  return {
    sequence,
    messageId: String(sequence),
    data: message.data ?? new Uint8Array(),
    attributes: { ...message.attributes },
    orderingKey: message.orderingKey ?? '',
    publishTime,
  };
}

export function toJournaled(message: StoredMessage): JournaledMessage {
  const { sequence, publishTime, data, attributes, orderingKey } = message;
  return {
    sequence,
    publishTime,
    data: data.length ? Buffer.from(data.buffer, data.byteOffset, data.length).toString('base64') : undefined,
    attributes: Object.keys(attributes).length ? attributes : undefined,
    orderingKey: orderingKey || undefined,
  };
}

export function fromJournaled({ sequence, publishTime, data, ...rest }: JournaledMessage): StoredMessage {
  return store({ ...rest, data: Buffer.from(data ?? '', 'base64') }, sequence, publishTime);
}

export function toPubsubMessage(message: StoredMessage): google.pubsub.v1.IPubsubMessage {
  return {
    messageId: message.messageId,
    data: message.data,
    attributes: { ...message.attributes },
    orderingKey: message.orderingKey,
    publishTime: secondsAndNanos(message.publishTime),
  };
}
