import type { Delivery, FailureCode, StageName } from '../../events/index.ts';
import { type Answer, makeAttempt } from './attempt.ts';
import type { Claim } from './claim.ts';
import type { Environment } from './environment.ts';
import type { Logger } from './log.ts';
import { keepMessage } from './parked-message.ts';
import { type Stage, type Work, workOn } from './stage.ts';

export type EventDelivery = Extract<Delivery, { kind: 'event' }>;

/** What CloudEvents asks every intermediary to forward, and far above what an event of Baton's has. */
const LARGEST_EVENT_BYTES = 64 * 1024;

/** Handles an event for a stage, as an attempt of the run that the event belongs to. */
export async function handleEvent(
  stage: Stage,
  delivery: EventDelivery,
  environment: Environment,
  logger: Logger,
): Promise<Answer> {
  const { event, push } = delivery;
  const { claim, work } = attemptFor(stage.name, delivery, environment, logger);
  const reject = rejection(delivery, stage.input);
  if (reject) {
    // The attempt stays free for the event that it waits for.
    await keepMessage(push, work, claim, reject);
    return 'acknowledge';
  }
  return makeAttempt(claim, push, work, (underLease) => stage.start(event, underLease));
}

/** The attempt of a stage that an event asks for, and what is worked on it with. */
export function attemptFor(
  stage: StageName,
  { event, deliveryId }: EventDelivery,
  environment: Environment,
  logger: Logger,
): { claim: Claim; work: Work } {
  const attempt = { run: event.correlationid, stage, attempt: event.attempt };
  const work = workOn(attempt, event.traceparent, environment, logger);
  const { id, source, sequence } = event;
  const cause = { source, id, deliveryId };
  return { claim: { ...attempt, cause, input: event, traceparent: work.traceparent, sequence }, work };
}

/** Why a message can't be for the stage, if it can't: delivering it again would not change that. */
export function rejection(
  { event, push }: EventDelivery,
  expectedType: string,
): { code: FailureCode; reason: string } | undefined {
  const bytes = Buffer.byteLength(push.message.data ?? '', 'base64');
  if (bytes > LARGEST_EVENT_BYTES) {
    const reason = `event ${event.id} has ${bytes} bytes of data, and at most ${LARGEST_EVENT_BYTES} are taken`;
    return { code: 'BATON_EVENT_TOO_LARGE', reason };
  }
  if (event.type === expectedType) return undefined;
  const reason = `event ${event.id} has type ${event.type}, where ${expectedType} is expected`;
  return { code: 'BATON_EVENT_UNKNOWN', reason };
}
