import {
  type AttemptKey,
  type Envelope,
  FAILURES,
  type Failure,
  type FailureCode,
  type GcsUri,
  gcsUri,
  layout,
  Parked,
  type ParkedMessage,
  type PushBody,
} from '../../events/index.ts';
import { writeJson } from './objects.ts';
import { publish } from './outbox.ts';
import type { Work } from './stage.ts';

const DEAD_LETTER = 'CloudPubSubDeadLetterSource';

interface Parking {
  code: FailureCode;
  reason: string;
}

/** The subscription that a message was first delivered to, and how often: a dead letter keeps that in attributes. */
export function sourceOf({ message, subscription, deliveryAttempt }: PushBody): {
  subscription: string;
  deliveries?: number;
} {
  const { [`${DEAD_LETTER}Subscription`]: source, [`${DEAD_LETTER}SubscriptionProject`]: project } =
    message.attributes;
  const deliveries = Number(message.attributes[`${DEAD_LETTER}DeliveryCount`] ?? deliveryAttempt);
  return {
    subscription: !source ? subscription : project ? `projects/${project}/subscriptions/${source}` : source,
    ...(Number.isInteger(deliveries) && { deliveries }),
  };
}

/**
 * Keeps a message that ends no attempt's work, with its original bytes, its attributes and the reason.
 *
 * @returns its address
 */
export async function keepBytes(
  bucket: string,
  push: PushBody,
  { code, reason }: Parking,
  now: Date,
  attempt?: AttemptKey,
): Promise<GcsUri> {
  const { subscription, deliveries } = sourceOf(push);
  const { messageId } = push.message;
  const kept: ParkedMessage = {
    subscription,
    message: push.message,
    ...{ code, reason, advice: FAILURES[code].advice, deliveries, attempt },
    parkedAt: now.toISOString(),
  };
  const object = layout.parked(subscription, messageId);
  await writeJson(bucket, object, kept, '0');
  return gcsUri(bucket, object);
}

/**
 * Parks a message and not its attempt, which is somebody else's or goes on without it: keeps the bytes and tells of
 * it, once more for each redelivery under the same id.
 */
export async function keepMessage(
  push: PushBody,
  work: Work,
  { run, stage, attempt, cause }: AttemptKey & { cause: { id: string; deliveryId: string } },
  parking: Parking,
): Promise<void> {
  const { environment, log, traceparent, clock } = work;
  const message = await keepBytes(environment.BATON_BUCKET, push, parking, clock(), { run, stage, attempt });
  const { id, deliveryId } = cause;
  const data: Failure = {
    stage,
    ...parking,
    advice: FAILURES[parking.code].advice,
    cause: { id, deliveryId },
    message,
  };
  const event: Envelope = {
    specversion: '1.0',
    id: `${run}/${stage}/${attempt}/messages/${deliveryId}/${Parked.name}`,
    source: `//baton.dev/projects/${environment.GOOGLE_CLOUD_PROJECT}/stages/${stage}`,
    type: Parked.type,
    time: clock().toISOString(),
    subject: run,
    datacontenttype: 'application/json',
    correlationid: run,
    causationid: id,
    traceparent,
    attempt,
    data,
  };
  await publish(event, Parked.name);
  log('ERROR', `message ${deliveryId} parked: ${parking.reason}`, { code: parking.code });
}
