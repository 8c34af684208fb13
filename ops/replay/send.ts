import { layout, ReplayRecord, toPubsubMessage } from '../../events/index.ts';
import type { Session } from '../commands/session.ts';
import { readRecord, writeRecord } from '../runs/objects.ts';
import { CommandError, EXIT } from '../terminal/exit-codes.ts';
import type { ReplayPlan } from './plan.ts';

/**
 * Sends a planned replay: its record first, created only if absent, then its event. Whoever finds the record there sends
 * the event that it names, which has the same id, so that two who replay are one, and so is a crash between the two.
 *
 * @returns whether it was a new replay or the same as one before
 * @throws CommandError `refused` when a replay from another stage came first
 */
export async function sendReplay(session: Session, { record, topic }: ReplayPlan): Promise<'sent' | 'same'> {
  const { storage, buckets } = session;
  const object = layout.replay(record.run, record.attempt);
  const created = await writeRecord(storage, buckets.nonprod, object, record, '0');
  const standing = created ? record : await readRecord(storage, buckets.nonprod, object, ReplayRecord);
  if (standing?.from !== record.from) {
    throw new CommandError(
      EXIT.refused,
      `${record.id} is a replay from ${standing?.from} by ${standing?.by}: wait until it has ended`,
    );
  }
  const pubsub = await session.clients.pubsub(topic.tenant);
  const publisher = pubsub.topic(topic.name, { batching: { maxMessages: 1 } });
  for (const event of standing.events) await publisher.publishMessage(toPubsubMessage(event));
  return created ? 'sent' : 'same';
}
