import {
  type AttemptKey,
  AttemptRecord,
  layout,
  type OperationRecord,
  type StageName,
} from '../../events/index.ts';
import type { Held } from './claim.ts';
import { complete, fail, seeOut } from './ending.ts';
import type { Environment } from './environment.ts';
import type { Logger } from './log.ts';
import { readJson, type Stored, statObject } from './objects.ts';
import { moveMarker, readMarker, removeMarker } from './outstanding.ts';
import { type Settling, type Work, workOn } from './stage.ts';

/** The stages that leave operations behind; each is imported when one of its operations is found. */
const STAGES: Record<StageName, () => Promise<Settling>> = {
  prepare: async () => (await import('../missing-file.ts')).expectation,
  ingest: async () => (await import('../ingest.ts')).ingest,
  train: async () => (await import('../train.ts')).train,
  evaluate: async () => (await import('../evaluate.ts')).evaluate,
  approve: async () => (await import('../approve.ts')).approve,
  deploy: async () => (await import('../deploy.ts')).deploy,
  monitor: async () => (await import('../monitor.ts')).monitor,
  rollout: async () => (await import('../rollout.ts')).rollout,
  rollback: async () => (await import('../rollback.ts')).rollback,
};

export const settlingOf = (stage: StageName): Promise<Settling> => STAGES[stage]();

/** What this process is at, so that a signal and a sweep don't do the same work side by side. */
const inHand = new Map<string, Promise<void>>();

/**
 * Finishes an attempt's operation if it has ended, or takes it a step further. May be called for one attempt any
 * number of times at once, here and elsewhere: the fence lets one of them end it.
 *
 * @param signalled whether the workload's marker has come
 */
export async function settleAttempt(
  key: AttemptKey,
  environment: Environment,
  logger: Logger,
  { signalled }: { signalled: boolean },
): Promise<void> {
  const object = layout.outstanding(key);
  while (inHand.has(object)) await inHand.get(object);
  const settled = settle(key, environment, logger, signalled)
    // Left to the next sweep, as is what can't be read or recorded now.
    .catch((error) => logger('ERROR', `${object} can't be settled now: ${String(error)}`))
    .finally(() => inHand.delete(object));
  inHand.set(object, settled);
  await settled;
}

async function settle(
  key: AttemptKey,
  environment: Environment,
  logger: Logger,
  signalled: boolean,
): Promise<void> {
  const { BATON_BUCKET: bucket } = environment;
  const marker = await readMarker(bucket, key);
  // Most signals come again, or late, and find that nothing is outstanding any more.
  if (!marker) return;
  const attempt = await readJson(bucket, layout.attemptRecord(key), AttemptRecord);
  const work = workOn(key, marker.value.traceparent, environment, logger);
  if (attempt?.value.ending) return repair(marker, attempt, work);
  if ((attempt?.generation ?? '0') === marker.value.fence) return carryOn(marker, work, signalled);
  work.log('WARNING', `removed the marker of an owner who was overtaken: ${marker.value.owner}`);
  return removeMarker(bucket, marker);
}

/**
 * The attempt has ended and the marker stands: whoever ended it is about to publish, or died before. After a
 * lease's time it is published for them.
 */
async function repair(
  marker: Stored<OperationRecord>,
  { value: record, generation: fence }: Stored<AttemptRecord>,
  work: Work,
): Promise<void> {
  const { BATON_BUCKET: bucket, BATON_LEASE_SECONDS } = work.environment;
  const stat = await statObject(bucket, layout.attemptRecord(record));
  if (!stat || stat.ageMs < BATON_LEASE_SECONDS * 1000) return;
  if (!record.publishedAt) await seeOut({ record, fence }, work);
  await leaveNothing(marker, work);
}

async function carryOn(marker: Stored<OperationRecord>, work: Work, signalled: boolean): Promise<void> {
  const { BATON_BUCKET: bucket } = work.environment;
  const { value: operation } = marker;
  const held = heldBy(operation);
  let ended: Awaited<ReturnType<typeof fail>>;
  try {
    const outcome = await (await settlingOf(operation.stage)).settle(operation, work, signalled);
    if (outcome.kind === 'moot') return await removeMarker(bucket, marker);
    if (outcome.kind === 'pending') {
      const { resources } = outcome;
      const moved = await moveMarker(bucket, marker, outcome);
      if (moved) work.log('INFO', `${operation.stage} goes on: ${resources.join(', ')}`, { resources });
      return;
    }
    ended = await complete(held, outcome, work);
  } catch (error) {
    ended = await fail(held, error, work);
  }
  if (ended === 'ended') await leaveNothing(marker, work);
}

/** The marker goes last: while it stands, a crash before it is made good by the next sweep. */
async function leaveNothing(marker: Stored<OperationRecord>, work: Work): Promise<void> {
  const { stage } = marker.value;
  await (await settlingOf(stage)).cleanUp?.(marker.value, work);
  await removeMarker(work.environment.BATON_BUCKET, marker);
}

/** The attempt as its ending will record it, under the fence that the operation was started with. */
function heldBy(operation: OperationRecord): Held {
  const { fence, startedAt, resources, state: _, ...claim } = operation;
  return { fence, record: { ...claim, operation: { startedAt, resources } } };
}
