import {
  type AttemptRecord,
  AttemptRecord as AttemptRecordSchema,
  type Envelope,
  type EventContract,
  endingName,
  type Failure,
  layout,
  Parked,
  Refused,
} from '../../events/index.ts';
import type { Held } from './claim.ts';
import { type StageFailure, toStageFailure } from './failure.ts';
import { readJson, writeJson } from './objects.ts';
import { endingEvent, publish, UnpublishableEnding } from './outbox.ts';
import { putMarker } from './outstanding.ts';
import type { Completed, Outcome, Work } from './stage.ts';

/** How an attempt was ended: published, or left alone, since somebody else had ended or taken it. */
export type Ended = 'ended' | 'fenced';

/**
 * Ends an attempt with its event: into the record first, under the fence, and then out on its topic. A writer that
 * was overtaken changes nothing and publishes nothing.
 */
async function end<Data>(
  held: Held,
  contract: EventContract<Data>,
  data: Data,
  work: Work,
): Promise<Held | 'fenced'> {
  const ending = endingEvent(contract, data, held.record, work);
  const ended = await write({ ...held, record: { ...held.record, ending } }, work);
  if (ended === 'fenced') {
    work.log('WARNING', `${ending.id} is not published: the attempt is in other hands`);
    return ended;
  }
  return publishOrPark(ended, ending, work);
}

/** An ending that this identity may not publish can't stand, since nobody would ever hear of it. */
async function publishOrPark(held: Held, ending: Envelope, work: Work): Promise<Held | 'fenced'> {
  try {
    await publish(ending, endingName(ending));
    return held;
  } catch (error) {
    if (!(error instanceof UnpublishableEnding) || ending.type === Parked.type) throw error;
    return end(held, Parked, failureData(held.record, error), work);
  }
}

/** Writes the attempt's record under its fence, and answers it under its new one. */
async function write({ record, fence }: Held, work: Work): Promise<Held | 'fenced'> {
  const { BATON_BUCKET: bucket } = work.environment;
  const written = await writeJson(bucket, layout.attemptRecord(record), record, fence);
  if (written) return { record, fence: written };
  // The answer to an earlier try may have been lost.
  const standing = await readJson(bucket, layout.attemptRecord(record), AttemptRecordSchema);
  return standing && isSame(standing.value.ending, record.ending)
    ? { record, fence: standing.generation }
    : 'fenced';
}

/** The span in the trace context is drawn by lot for each piece of work. */
const isSame = (standing: Envelope | undefined, ours: Envelope | undefined) =>
  standing !== undefined && standing.id === ours?.id && standing.traceparent === ours.traceparent;

/**
 * How long an attempt took, for the metric of stages' durations (infra/components/log-metrics.ts). Whoever claimed it
 * may have had a clock that was ahead of this one, and nothing takes less than no time.
 */
const secondsSince = (claimedAt: string, { clock }: Work): number =>
  Math.max(0, clock().getTime() - Date.parse(claimedAt)) / 1000;

/** Ends an attempt that completed. */
export async function complete(held: Held, outcome: Completed, work: Work): Promise<Ended> {
  const ended = await end(held, outcome.contract, outcome.data, work);
  if (ended === 'fenced') return ended;
  const { stage, ending } = ended.record;
  work.log('NOTICE', `${stage} ended: ${endingName(ending as Envelope)}`, {
    event: endingName(ending as Envelope),
    seconds: secondsSince(ended.record.claimedAt, work),
  });
  await markPublished(ended, work);
  return 'ended';
}

/**
 * Ends an attempt that failed for good, as refused or parked.
 *
 * @returns undefined when the failure is a passing one, and the work must be tried again
 */
export async function fail(held: Held, error: unknown, work: Work): Promise<Ended | undefined> {
  const { stage } = held.record;
  const failure = toStageFailure(error);
  if (failure.outcome === 'retry') {
    work.log('WARNING', `${stage} will be retried: ${failure.message}`, { code: failure.code });
    return undefined;
  }
  const contract = failure.outcome === 'refuse' ? Refused : Parked;
  const ended = await end(held, contract, failureData(held.record, failure), work);
  if (ended === 'fenced') return ended;
  work.log('ERROR', `${stage} ${contract.name}: ${failure.message}`, {
    event: contract.name,
    code: failure.code,
    seconds: secondsSince(ended.record.claimedAt, work),
  });
  await markPublished(ended, work);
  return 'ended';
}

function failureData({ stage, cause }: AttemptRecord, failure: StageFailure): Failure {
  return {
    stage,
    code: failure.code,
    reason: failure.message,
    advice: failure.advice,
    cause: { id: cause.id, deliveryId: cause.deliveryId },
    message: failure.keptAt,
  };
}

/** Publishes an ending that somebody wrote and may have died before publishing. */
export async function seeOut(held: Held, work: Work): Promise<void> {
  const ending = held.record.ending as Envelope;
  const published = await publishOrPark(held, ending, work);
  if (published === 'fenced') return;
  work.log('NOTICE', `${ending.id} was published for one who did not live to`);
  await markPublished(published, work);
}

/** An ending of `settle`'s is seen out by its outstanding marker, and needs no mark. */
async function markPublished({ record, fence }: Held, { environment, clock }: Work): Promise<void> {
  if (record.operation) return;
  const published: AttemptRecord = { ...record, publishedAt: clock().toISOString() };
  await writeJson(environment.BATON_BUCKET, layout.attemptRecord(record), published, fence);
}

/** Ends or hands over an attempt, as its outcome says. */
export async function concludeStart(held: Held, outcome: Outcome<unknown>, work: Work): Promise<void> {
  if (outcome.kind === 'completed') {
    await complete(held, outcome, work);
    return;
  }
  const { resources, state } = outcome;
  const startedAt = work.clock().toISOString();
  const put = await putMarker(work.environment.BATON_BUCKET, {
    ...held.record,
    ...{ fence: held.fence, startedAt, resources, state },
  });
  const { stage } = held.record;
  if (put) work.log('INFO', `${stage} started: ${resources.join(', ')}`, { resources });
  else work.log('WARNING', `${stage} is in other hands; what was started is theirs to find`);
}
