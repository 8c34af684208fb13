import type { Delivery } from '../../events/index.ts';
import { releaseClaim, takeClaim } from './claim.ts';
import { concludeStart, fail } from './ending.ts';
import type { Environment } from './environment.ts';
import type { Logger } from './log.ts';
import { publish, recordedEnding } from './outbox.ts';
import type { Stage, Work } from './stage.ts';
import { childTrace } from './trace.ts';

/** What becomes of a delivery: acknowledged, or to be delivered again. */
export type Answer = 'acknowledge' | 'redeliver';

/**
 * Handles an event for a stage: claims the attempt, starts the work, and records how it stands. Duplicates find
 * the claim, the operation or the ending of the first delivery, and are acknowledged without doing anything.
 */
export async function handleEvent(
  stage: Stage,
  delivery: Extract<Delivery, { kind: 'event' }>,
  environment: Environment,
  logger: Logger,
): Promise<Answer> {
  const { event } = delivery;
  const attempt = { run: event.correlationid, stage: stage.name, attempt: event.attempt };
  const traceparent = childTrace(attempt.run, event.traceparent);
  const log = logger.with({ ...attempt, traceparent });
  const work: Work = { ...attempt, environment, log, traceparent, clock: () => new Date() };
  const bucket = environment.BATON_BUCKET;

  const cause = { source: event.source, id: event.id };
  const claim = await takeClaim(bucket, { ...attempt, cause, traceparent }, work.clock());
  if (claim.kind === 'busy') {
    log('INFO', `${event.id} is being handled by ${claim.owner} until ${claim.until}`);
    return 'redeliver';
  }
  if (claim.kind !== 'taken') {
    log('INFO', `${event.id} is a duplicate: the attempt is ${claim.kind}`);
    if (claim.kind === 'done') await republishEnding(bucket, attempt);
    return 'acknowledge';
  }
  try {
    await concludeStart(attempt, await stage.start(event, work), work, event);
    return 'acknowledge';
  } catch (error) {
    if (await fail(attempt, error, work, { id: event.id, deliveryId: delivery.deliveryId }))
      return 'acknowledge';
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
  if (ending) await publish(ending, ending.id.slice(ending.id.lastIndexOf('/') + 1));
}
