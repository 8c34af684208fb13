import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type AttemptKey, AttemptRecord, layout } from '../../events/index.ts';
import type { Environment } from './environment.ts';
import { deleteObject, readJson, type Stored, statObject, writeJson } from './objects.ts';

/** What an attempt is claimed for. */
export type Claim = Pick<AttemptRecord, keyof AttemptKey | 'cause' | 'input' | 'sequence' | 'traceparent'>;

/** An attempt that is ours to work on, and the fence that proves it: the generation of its record. */
export interface Held {
  record: AttemptRecord;
  fence: string;
}

/** What a delivery finds when it asks for its attempt. */
export type ClaimResult =
  | ({ kind: 'taken' } & Held)
  /** Its ending was written and may not have been published, and is ours to publish: its writer has had a lease's time. */
  | ({ kind: 'unpublished' } & Held)
  /** Nothing is left to do: ended and published, or in the hands of `settle`. */
  | { kind: 'over' | 'waiting'; record: AttemptRecord }
  /** Somebody works on it within the lease. */
  | { kind: 'busy'; record: AttemptRecord }
  /** The attempt answers another event. */
  | { kind: 'conflict'; record: AttemptRecord };

/**
 * Asks for an attempt of a stage. Its record is created only if absent, and taken over only in the generation
 * seen, so of any number of deliveries exactly one goes on:
 *
 * ```
 *  claimed ── lease ──▶ may be taken over          ended ── lease ──▶ may be published again
 *  └ generation 1       └ generation 2: a writer   └ generation 3
 *                         that names 1 is fenced
 * ```
 *
 * How old a record is, Cloud Storage's clock says; a handler's own clock decides nothing.
 */
export async function takeAttempt(
  environment: Environment,
  claim: Claim,
  clock: () => Date,
): Promise<ClaimResult> {
  const { BATON_BUCKET: bucket } = environment;
  const object = layout.attemptRecord(claim);
  const mine = claimedNow(environment, claim, clock);
  const created = await writeJson(bucket, object, mine, '0');
  if (created) return { kind: 'taken', record: mine, fence: created };

  const standing = await readJson(bucket, object, AttemptRecord);
  // Given back between the two calls: the next look finds it free, or taken.
  if (!standing) return { kind: 'busy', record: mine };
  return takeStanding(environment, standing, mine);
}

/**
 * Asks once more for an attempt that somebody was found at work on. It only reads until there is something to take, as
 * Cloud Storage rations the writes to one object, those that a condition refuses too.
 */
export async function retakeAttempt(
  environment: Environment,
  claim: Claim,
  clock: () => Date,
): Promise<ClaimResult> {
  const standing = await readJson(environment.BATON_BUCKET, layout.attemptRecord(claim), AttemptRecord);
  if (!standing) return takeAttempt(environment, claim, clock);
  return takeStanding(environment, standing, claimedNow(environment, claim, clock));
}

async function takeStanding(
  environment: Environment,
  standing: Stored<AttemptRecord>,
  mine: AttemptRecord,
): Promise<ClaimResult> {
  if (standing.value.owner === mine.owner) return { kind: 'taken', record: mine, fence: standing.generation };
  const kind = await judge(environment, mine, standing);
  if (kind !== 'expired' && kind !== 'unpublished') return { kind, record: standing.value };
  // Written also where only a publish is left, so that of many deliveries that find it so one publishes.
  const record = kind === 'expired' ? mine : { ...standing.value, owner: mine.owner };
  const fence = await writeJson(
    environment.BATON_BUCKET,
    layout.attemptRecord(mine),
    record,
    standing.generation,
  );
  if (!fence) return { kind: 'busy', record: standing.value };
  return { kind: kind === 'expired' ? 'taken' : kind, record, fence };
}

type Judgement = 'over' | 'waiting' | 'busy' | 'conflict' | 'unpublished' | 'expired';

async function judge(
  { BATON_BUCKET: bucket, BATON_LEASE_SECONDS }: Environment,
  claim: Claim,
  { value: record, generation }: Stored<AttemptRecord>,
): Promise<Judgement> {
  const { source, id } = claim.cause;
  if (record.cause.source !== source || record.cause.id !== id) return 'conflict';
  if (record.ending && (record.operation || record.publishedAt)) return 'over';
  const [standing, marker] = await Promise.all([
    statObject(bucket, layout.attemptRecord(record)),
    record.ending ? undefined : statObject(bucket, layout.outstanding(record)),
  ]);
  if (marker?.metadata.fence === generation) return 'waiting';
  // Changed since it was read, and so by somebody at work on it.
  if (standing?.generation !== generation) return 'busy';
  if (standing.ageMs < BATON_LEASE_SECONDS * 1000) return 'busy';
  return record.ending ? 'unpublished' : 'expired';
}

/** The record of an attempt that this process claims now. */
export function claimedNow(
  { BATON_LEASE_SECONDS }: Environment,
  claim: Claim,
  clock: () => Date,
): AttemptRecord {
  const now = clock();
  return {
    ...claim,
    // The last part tells this claim from any other, so that a write whose answer was lost is known again.
    owner: `${process.env.K_REVISION ?? 'local'}@${hostname()}#${process.pid}/${randomBytes(4).toString('hex')}`,
    claimedAt: now.toISOString(),
    leaseUntil: new Date(now.getTime() + BATON_LEASE_SECONDS * 1000).toISOString(),
  };
}

/**
 * Gives an attempt back after a passing failure, so that the redelivery need not wait for the lease to end. One
 * that somebody took over meanwhile is theirs, and stays.
 */
export async function releaseAttempt(bucket: string, { record, fence }: Held): Promise<void> {
  await deleteObject(bucket, layout.attemptRecord(record), fence);
}
