import {
  type Claim,
  type EventContract,
  endingName,
  type Failure,
  Parked,
  Refused,
  type StartedOperation,
} from '../../events/index.ts';
import { toStageFailure } from './failure.ts';
import { endingEvent, publish, recordEnding, replaceEnding, UnpublishableEnding } from './outbox.ts';
import { clearOutstanding, recordOutstanding } from './outstanding.ts';
import type { Completed, Outcome, Work } from './stage.ts';

type Attempt = Pick<Claim, 'run' | 'stage' | 'attempt'>;
interface Cause {
  id?: string;
  deliveryId?: string;
}

/**
 * Ends an attempt with its event: outbox first, then Pub/Sub, then the index of what is outstanding. Every step
 * may be repeated, so a crash between two of them is mended by whoever comes next.
 */
async function end<Data>(
  attempt: Attempt,
  contract: EventContract<Data>,
  data: Data,
  work: Work,
  { causationid, record = recordEnding }: { causationid?: string; record?: typeof recordEnding },
): Promise<void> {
  const { environment, traceparent } = work;
  const event = endingEvent(contract, data, {
    ...attempt,
    project: environment.GOOGLE_CLOUD_PROJECT,
    causationid,
    traceparent,
    now: work.clock(),
  });
  const standing = await record(environment.BATON_BUCKET, attempt, event);
  await publish(standing, endingName(standing));
  await clearOutstanding(environment.BATON_BUCKET, attempt);
}

/** Ends an attempt that completed. */
export async function complete(
  attempt: Attempt,
  outcome: Completed,
  work: Work,
  cause: Cause,
): Promise<void> {
  await end(attempt, outcome.contract, outcome.data, work, { causationid: cause.id });
  work.log('NOTICE', `${attempt.stage} completed: ${outcome.contract.name}`, {
    event: outcome.contract.name,
  });
  await outcome.cleanUp?.();
}

/**
 * Ends an attempt that failed for good, as refused or parked.
 *
 * @returns false when the failure is a passing one, and the platform must deliver again
 */
export async function fail(attempt: Attempt, error: unknown, work: Work, cause: Cause): Promise<boolean> {
  const failure = toStageFailure(error);
  if (failure.outcome === 'retry') {
    work.log('WARNING', `${attempt.stage} will be retried: ${failure.message}`, { code: failure.code });
    return false;
  }
  const data: Failure = {
    stage: attempt.stage,
    code: failure.code,
    reason: failure.message,
    advice: failure.advice,
    cause,
  };
  const contract = failure.outcome === 'refuse' ? Refused : Parked;
  const record = error instanceof UnpublishableEnding ? replaceEnding : recordEnding;
  await end(attempt, contract, data, work, { causationid: cause.id, record });
  work.log('ERROR', `${attempt.stage} ${contract.name}: ${failure.message}`, { code: failure.code });
  return true;
}

/** Ends or hands over an attempt, as its outcome says. */
export async function concludeStart(
  attempt: Attempt,
  outcome: Outcome<unknown>,
  work: Work,
  input: StartedOperation['input'],
): Promise<void> {
  if (outcome.kind === 'completed') return complete(attempt, outcome, work, { id: input?.id });
  await recordOutstanding(work.environment.BATON_BUCKET, {
    ...attempt,
    startedAt: work.clock().toISOString(),
    resources: outcome.resources,
    state: outcome.state,
    input,
    traceparent: work.traceparent,
  });
  work.log('INFO', `${attempt.stage} started: ${outcome.resources.join(', ')}`, {
    resources: outcome.resources,
  });
}
