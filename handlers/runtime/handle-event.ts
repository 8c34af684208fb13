import type { Delivery } from '../../events/index.ts';
import { type Answer, makeAttempt } from './attempt.ts';
import type { Environment } from './environment.ts';
import type { Logger } from './log.ts';
import { type Stage, workOn } from './stage.ts';

/** Handles an event for a stage, as an attempt of the run that the event belongs to. */
export async function handleEvent(
  stage: Stage,
  { event, deliveryId }: Extract<Delivery, { kind: 'event' }>,
  environment: Environment,
  logger: Logger,
): Promise<Answer> {
  const attempt = { run: event.correlationid, stage: stage.name, attempt: event.attempt };
  const work = workOn(attempt, event.traceparent, environment, logger);
  const cause = { source: event.source, id: event.id };
  return makeAttempt({ ...attempt, cause, deliveryId, input: event }, work, () => stage.start(event, work));
}
