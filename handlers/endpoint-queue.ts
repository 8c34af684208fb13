import type { z } from 'zod';
import { AttemptRecord, Deployed, layout, type Superseded } from '../events/index.ts';
import { findEndpoint } from './endpoint.ts';
import {
  type Claimant,
  type Deployment,
  dropLock,
  FIRST,
  type Holder,
  holds,
  promotionOf,
  takeLock,
} from './endpoint-lock.ts';
import type { Endpoint } from './endpoint-update.ts';
import type { Environment } from './runtime/environment.ts';
import { StageFailure } from './runtime/failure.ts';
import { readJson } from './runtime/objects.ts';
import type { Outstanding } from './runtime/outstanding.ts';

type Turn =
  | { kind: 'ours'; endpoint: Endpoint }
  | { kind: 'queued' }
  | { kind: 'superseded'; by: z.output<typeof Superseded.data>['by'] };

/** Takes the endpoint for an attempt, if it is free, no newer run was deployed there and its own was not rolled back. */
export async function takeTurn(
  endpoint: Endpoint,
  claimant: Claimant,
  environment: Environment,
): Promise<Turn> {
  if (holds(endpoint, claimant)) return { kind: 'ours', endpoint };
  const by = overtaking(endpoint, claimant);
  if (by) return { kind: 'superseded', by };
  const { holder } = promotionOf(endpoint);
  if (holder && (await isWorking(holder, environment))) return { kind: 'queued' };
  const taken = await takeLock(endpoint, claimant);
  return taken ? { kind: 'ours', endpoint: taken } : { kind: 'queued' };
}

/** Who came first for good: a newer run that was deployed, or a rollback of this very run. */
function overtaking(endpoint: Endpoint, { run, attempt, sequence }: Deployment) {
  const { deployed, rolledBack } = promotionOf(endpoint);
  if (rolledBack?.run === run && rolledBack.attempt > attempt) {
    return { run, sequence, stage: 'rollback' as const };
  }
  return deployed && deployed.sequence > sequence
    ? { run: deployed.run, sequence: deployed.sequence }
    : undefined;
}

/**
 * Whether a holder still has something to do at the endpoint. A deployment goes on as a rollout, also before that has
 * begun. One that was parked, or whose attempt was given back, has lost the endpoint.
 */
export async function isWorking(
  { stage, run, attempt }: Holder,
  { BATON_BUCKET }: Environment,
): Promise<boolean> {
  const recordOf = async (name: Holder['stage']) =>
    (await readJson(BATON_BUCKET, layout.attemptRecord({ run, stage: name, attempt }), AttemptRecord))?.value;
  const record = await recordOf(stage);
  if (!record) return false;
  if (!record.ending) return true;
  if (stage !== 'deploy' || record.ending.type !== Deployed.type) return false;
  const rollout = await recordOf('rollout');
  return !rollout?.ending;
}

const TRIES = 5;

/** Gives the endpoint free, if this attempt has it: it has ended, and changes nothing more. */
export async function giveFree(holder: Holder): Promise<void> {
  for (let tried = 0; tried < TRIES; tried++) {
    const endpoint = await findEndpoint();
    if (!endpoint || !holds(endpoint, holder) || (await dropLock(endpoint))) return;
  }
  throw new StageFailure(
    'BATON_UNAVAILABLE',
    `the endpoint changed under each of ${TRIES} tries to give it free`,
  );
}

/** An operation of `deploy` that waits for the endpoint names no long-running operation. */
export const isQueued = ({ resources }: Outstanding) =>
  resources.every((resource) => !resource.includes('/operations/'));

/**
 * Of those who wait for the endpoint: who holds it, those who have been overtaken for good, and the newest, who goes
 * first, since all others would only be replaced by it.
 */
export async function nextInLine(queue: Outstanding[]): Promise<Outstanding[]> {
  const endpoint = await findEndpoint();
  if (!endpoint) return queue;
  const newestFirst = queue
    .map((waiting) => ({ ...waiting, sequence: waiting.sequence ?? FIRST }))
    .sort((left, right) => (left.sequence < right.sequence ? 1 : -1));
  return newestFirst.filter(
    (waiting, place) => place === 0 || holds(endpoint, waiting) || overtaking(endpoint, waiting),
  );
}
