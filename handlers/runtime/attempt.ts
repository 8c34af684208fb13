import { type Claim, endingName, type StartedOperation } from '../../events/index.ts';
import { releaseClaim, takeClaim } from './claim.ts';
import { concludeStart, fail } from './ending.ts';
import { publish, recordedEnding } from './outbox.ts';
import type { Outcome, Work } from './stage.ts';

/** What becomes of a delivery: acknowledged, or to be delivered again. */
export type Answer = 'acknowledge' | 'redeliver';

export interface Attempt extends Pick<Claim, 'run' | 'stage' | 'attempt' | 'cause'> {
  /** Pub/Sub's id of the delivery, for the record of a failure. */
  deliveryId: string;
  /** The event that the attempt answers; a run's first stage has none. */
  input?: StartedOperation['input'];
}

/**
 * Makes an attempt of a stage: claims it, starts the work, and records how it stands. A duplicate finds the
 * claim, the operation or the ending of the first delivery, and is acknowledged without doing anything.
 */
export async function makeAttempt(
  { cause, deliveryId, input, ...attempt }: Attempt,
  work: Work,
  start: () => Promise<Outcome<unknown>>,
): Promise<Answer> {
  const { log, traceparent } = work;
  const bucket = work.environment.BATON_BUCKET;
  const claim = await takeClaim(bucket, { ...attempt, cause, traceparent }, work.clock());
  if (claim.kind === 'busy') {
    log('INFO', `${cause.id} is being handled by ${claim.owner} until ${claim.until}`);
    return 'redeliver';
  }
  if (claim.kind !== 'taken') {
    log('INFO', `${cause.id} is a duplicate: the attempt is ${claim.kind}`);
    if (claim.kind === 'done') await republishEnding(bucket, attempt);
    return 'acknowledge';
  }
  try {
    await concludeStart(attempt, await start(), work, input);
    return 'acknowledge';
  } catch (error) {
    if (await fail(attempt, error, work, { id: cause.id, deliveryId })) return 'acknowledge';
    await releaseClaim(bucket, attempt, claim.generation);
    return 'redeliver';
  }
}

/**
 * A duplicate of a finished attempt may be the redelivery after a crash between outbox and topic, so the ending
 * goes out again; its id is the same, and subscribers take it as one event.
 */
async function republishEnding(bucket: string, attempt: Parameters<typeof recordedEnding>[1]): Promise<void> {
  const ending = await recordedEnding(bucket, attempt);
  if (ending) await publish(ending, endingName(ending));
}
