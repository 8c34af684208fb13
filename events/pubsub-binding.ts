import { z } from 'zod';
import { ContractViolation } from './contract.ts';
import { Envelope } from './envelope.ts';

/** A Pub/Sub message as a publisher gives it. */
export interface PubsubMessage {
  data: Buffer;
  attributes: Record<string, string>;
}

const PREFIX = 'ce-';

/**
 * Binds an event to a Pub/Sub message in CloudEvents' binary mode: every context attribute becomes a message
 * attribute with the prefix `ce-`, the data is the body, and `content-type` is its media type. `traceparent` is
 * also given under the name that Google's Pub/Sub client looks for, so that either side's tracing finds it.
 */
export function toPubsubMessage(event: Envelope): PubsubMessage {
  const { data, datacontenttype, ...context } = event;
  const attributes: Record<string, string> = { 'content-type': datacontenttype };
  for (const [name, value] of Object.entries(context)) {
    if (value !== undefined) attributes[`${PREFIX}${name}`] = String(value);
  }
  if (event.traceparent) attributes.googclient_traceparent = event.traceparent;
  return { data: Buffer.from(JSON.stringify(data)), attributes };
}

/** Whether a message carries a CloudEvent in binary mode. */
export function carriesCloudEvent(attributes: Record<string, string>): boolean {
  return attributes[`${PREFIX}specversion`] !== undefined;
}

/**
 * Reads the event back from a message.
 *
 * @throws ContractViolation when an attribute is missing or malformed, or the body is not JSON
 */
export function fromPubsubMessage(message: { data: Buffer; attributes: Record<string, string> }): Envelope {
  const context = Object.fromEntries(
    Object.entries(message.attributes)
      .filter(([name]) => name.startsWith(PREFIX))
      .map(([name, value]) => [name.slice(PREFIX.length), value]),
  );
  let data: unknown;
  try {
    data = JSON.parse(message.data.toString('utf8'));
  } catch (error) {
    throw new ContractViolation(
      `event ${context.id ?? '(no id)'} has a body that is not JSON: ${String(error)}`,
    );
  }
  const envelope = Envelope.safeParse({
    ...context,
    datacontenttype: message.attributes['content-type'],
    data,
  });
  if (!envelope.success) throw new ContractViolation(`not a Baton event: ${z.prettifyError(envelope.error)}`);
  return envelope.data;
}
