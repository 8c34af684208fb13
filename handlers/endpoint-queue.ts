import { AttemptRecord, layout } from '../events/index.ts';
import { type Endpoint, findEndpoint } from './endpoint.ts';
import { type Deployment, FIRST, holds, promotionOf, takeLock } from './endpoint-lock.ts';
import type { Environment } from './runtime/environment.ts';
import { readJson } from './runtime/objects.ts';
import type { Outstanding } from './runtime/outstanding.ts';

type Turn =
  | { kind: 'ours'; endpoint: Endpoint }
  | { kind: 'queued' }
  | { kind: 'superseded'; by: Deployment };

/** Takes the endpoint for a run, if it is free and no newer run was deployed there. */
export async function takeTurn(
  endpoint: Endpoint,
  deployment: Deployment,
  environment: Environment,
): Promise<Turn> {
  if (holds(endpoint, deployment)) return { kind: 'ours', endpoint };
  const { holder, deployed } = promotionOf(endpoint);
  if (deployed && deployed.sequence > deployment.sequence) return { kind: 'superseded', by: deployed };
  if (holder && (await isAtWork(holder, environment))) return { kind: 'queued' };
  const taken = await takeLock(endpoint, deployment);
  return taken ? { kind: 'ours', endpoint: taken } : { kind: 'queued' };
}

/** A holder that was parked, or whose attempt was given back, has lost the endpoint. */
async function isAtWork(
  { run, attempt }: Pick<Deployment, 'run' | 'attempt'>,
  { BATON_BUCKET }: Environment,
): Promise<boolean> {
  const object = layout.attemptRecord({ run, stage: 'deploy', attempt });
  const record = await readJson(BATON_BUCKET, object, AttemptRecord);
  return record !== undefined && record.value.ending === undefined;
}

/** An operation of `deploy` that waits for the endpoint names no long-running operation. */
export const isQueued = ({ resources }: Outstanding) =>
  resources.every((resource) => !resource.includes('/operations/'));

/**
 * Of those who wait for the endpoint: who holds it, those whom a newer deployment has overtaken, and the newest,
 * who goes first, since all others would only be replaced by it.
 */
export async function nextInLine(queue: Outstanding[]): Promise<Outstanding[]> {
  const endpoint = await findEndpoint();
  if (!endpoint) return queue;
  const newestFirst = queue
    .map((waiting) => ({ ...waiting, sequence: waiting.sequence ?? FIRST }))
    .sort((left, right) => (left.sequence < right.sequence ? 1 : -1));
  const { deployed } = promotionOf(endpoint);
  return newestFirst.filter(
    (waiting, place) =>
      place === 0 || holds(endpoint, waiting) || (deployed && deployed.sequence > waiting.sequence),
  );
}
