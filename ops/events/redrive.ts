import type { Session } from '../commands/session.ts';
import { readRun } from '../runs/run-view.ts';
import type { ParkedView, StoredMessage } from './parked.ts';

export interface RedriveResult {
  id: string;
  subscription: string;
  result: 'sent' | 'same' | 'skipped';
  /** The message that it went out as. */
  as?: string;
  reason?: string;
}

/**
 * Publishes a parked message again, byte for byte, on the topic of the subscription that could not take it, and marks
 * it. In this order nothing is lost; should two do it at once, the event goes out twice under one id, and its stage
 * takes it as one.
 */
export async function redrive(
  session: Session,
  { view, message, metageneration }: StoredMessage,
  by: string,
) {
  const { id, subscription } = view;
  if (view.redriven)
    return { id, subscription, result: 'same', as: view.redriven.as } satisfies RedriveResult;
  const reason = await replayInstead(session, view);
  if (reason) return { id, subscription, result: 'skipped', reason } satisfies RedriveResult;

  const topic = await topicOfSubscription(session, view);
  const as = await topic.publishMessage({
    data: Buffer.from(message.data ?? '', 'base64'),
    attributes: withoutDeadLetter(message.attributes),
    ...(message.orderingKey && { orderingKey: message.orderingKey }),
  });
  const [bucket, ...path] = view.object.slice('gs://'.length).split('/');
  const mark = { redrivenAt: new Date().toISOString(), redrivenBy: by, redrivenAs: as };
  const file = session.storage.bucket(bucket).file(path.join('/'));
  await file.setMetadata({ metadata: mark }, { ifMetagenerationMatch: metageneration });
  return { id, subscription, result: 'sent', as } satisfies RedriveResult;
}

/** An attempt that has ended takes no further event: its stage runs again by a replay only. */
async function replayInstead({ storage, buckets }: Session, { attempt }: ParkedView) {
  if (!attempt) return undefined;
  const { run, stage } = attempt;
  const { stages } = await readRun(storage, buckets, attempt.run);
  const ended = stages.some((it) => it.stage === stage && it.attempt === attempt.attempt && it.event);
  return ended ? `its attempt has ended: baton runs replay ${run} --from ${stage}` : undefined;
}

async function topicOfSubscription({ clients }: Session, { tenant, subscription }: ParkedView) {
  const pubsub = await clients.pubsub(tenant);
  const [{ topic }] = await pubsub.subscription(subscription).getMetadata();
  return pubsub.topic(String(topic), { batching: { maxMessages: 1 }, messageOrdering: true });
}

/** Pub/Sub's notes on a dead letter are about the way that it went, and are no part of it. */
const withoutDeadLetter = (attributes: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(attributes).filter(([name]) => !name.startsWith('CloudPubSubDeadLetterSource')),
  );
