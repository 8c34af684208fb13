import { hostname } from 'node:os';
import { Claim, layout } from '../../events/index.ts';
import { deleteObject, readJson, statObject, writeJson } from './objects.ts';

/**
 * How long others keep off a claimed attempt, in milliseconds. A stage only submits work and ends, so this is
 * far above what a healthy handler needs, and a crashed one is followed after it.
 */
const LEASE_MS = 120_000;

/** What a handler finds when it asks for an attempt. */
export type ClaimResult =
  /** The attempt is ours; `generation` is the fence that proves it. */
  | { kind: 'taken'; generation: string }
  /** Somebody else works on it and the lease still runs. */
  | { kind: 'busy'; owner: string; until: string }
  /** The stage's long operation is under way; `settle` finishes it. */
  | { kind: 'waiting' }
  /** The completion event is in the outbox. */
  | { kind: 'done' };

type Attempt = Pick<Claim, 'run' | 'stage' | 'attempt' | 'cause' | 'traceparent'>;

/**
 * Takes an attempt of a stage for this process. The claim is an object created only if absent, and taken over
 * only in the generation seen, so of any number of duplicates exactly one goes on.
 */
export async function takeClaim(bucket: string, attempt: Attempt, now: Date): Promise<ClaimResult> {
  const object = layout.claim(attempt.run, attempt.stage, attempt.attempt);
  const claim: Claim = {
    ...attempt,
    owner: `${process.env.K_REVISION ?? 'local'}@${hostname()}#${process.pid}`,
    claimedAt: now.toISOString(),
    leaseUntil: new Date(now.getTime() + LEASE_MS).toISOString(),
  };
  const created = await writeJson(bucket, object, claim, '0');
  if (created) return { kind: 'taken', generation: created };

  const { run, stage } = attempt;
  if (await statObject(bucket, layout.event(run, stage, attempt.attempt))) return { kind: 'done' };
  if (await statObject(bucket, layout.operation(run, stage, attempt.attempt))) return { kind: 'waiting' };
  const held = await readJson(bucket, object, Claim);
  if (held && Date.parse(held.value.leaseUntil) > now.getTime()) {
    return { kind: 'busy', owner: held.value.owner, until: held.value.leaseUntil };
  }
  const taken = await writeJson(bucket, object, claim, held?.generation ?? '0');
  return taken
    ? { kind: 'taken', generation: taken }
    : { kind: 'busy', owner: 'another taker', until: claim.leaseUntil };
}

/**
 * Gives an attempt back after a passing failure, so that the redelivery need not wait for the lease to end. A
 * claim that somebody took over meanwhile is theirs, and stays.
 */
export async function releaseClaim(
  bucket: string,
  attempt: Pick<Claim, 'run' | 'stage' | 'attempt'>,
  generation: string,
): Promise<void> {
  await deleteObject(bucket, layout.claim(attempt.run, attempt.stage, attempt.attempt), generation);
}
