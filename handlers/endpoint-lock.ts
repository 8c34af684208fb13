import type { protos } from '@google-cloud/aiplatform';
import { type RunId, RunId as RunIdSchema, Sequence } from '../events/index.ts';
import { vertexEndpoints } from './runtime/clients.ts';
import { isAborted, isFailedPrecondition } from './runtime/failure.ts';

type Endpoint = protos.google.cloud.aiplatform.v1.IEndpoint;

/** An attempt of `deploy` that has or wants the endpoint. */
export interface Deployment {
  run: RunId;
  attempt: number;
  sequence: Sequence;
}

/** What the endpoint's labels say. The endpoint itself is the lock: its etag lets one writer through. */
export interface Promotion {
  /** Who deploys now. */
  holder?: { run: RunId; attempt: number };
  /** Who was deployed last. */
  deployed?: Deployment;
}

/** Runs of before there was a sequence come before all others. */
export const FIRST = Sequence.parse('0'.padStart(20, '0'));

export function promotionOf({ labels }: Endpoint): Promotion {
  const {
    promotion,
    'promotion-attempt': attempt,
    deployed,
    'deployed-attempt': deployedAttempt,
  } = labels ?? {};
  const holder = RunIdSchema.safeParse(promotion).data;
  const last = RunIdSchema.safeParse(deployed).data;
  return {
    ...(holder && { holder: { run: holder, attempt: Number(attempt) } }),
    ...(last && {
      deployed: {
        run: last,
        attempt: Number(deployedAttempt),
        sequence: Sequence.safeParse(labels?.sequence).data ?? FIRST,
      },
    }),
  };
}

export const lockLabels = ({ run, attempt }: Deployment) => ({
  promotion: run,
  'promotion-attempt': String(attempt),
});

const isSame = (left: Omit<Deployment, 'sequence'> | undefined, right: Deployment) =>
  left?.run === right.run && left.attempt === right.attempt;

export const holds = (endpoint: Endpoint, deployment: Deployment) =>
  isSame(promotionOf(endpoint).holder, deployment);

export const wasDeployed = (endpoint: Endpoint, deployment: Deployment) =>
  isSame(promotionOf(endpoint).deployed, deployment);

/** Takes the endpoint, if it is still as it was read. */
export const takeLock = (endpoint: Endpoint, deployment: Deployment): Promise<Endpoint | undefined> =>
  relabel(endpoint, lockLabels(deployment));

/** Gives the endpoint free, and writes on it who was deployed. */
export const releaseLock = (
  endpoint: Endpoint,
  { run, attempt, sequence }: Deployment,
): Promise<Endpoint | undefined> =>
  relabel(endpoint, {
    ...{ promotion: '', 'promotion-attempt': '' },
    ...{ deployed: run, 'deployed-attempt': String(attempt), sequence },
  });

/** @returns `undefined` when somebody changed the endpoint since it was read */
async function relabel(endpoint: Endpoint, labels: Record<string, string>): Promise<Endpoint | undefined> {
  const { name, etag, displayName } = endpoint;
  try {
    const [changed] = await (await vertexEndpoints()).updateEndpoint({
      endpoint: { name, etag, displayName, labels: { ...endpoint.labels, ...labels } },
      updateMask: { paths: ['labels'] },
    });
    return changed;
  } catch (error) {
    if (isStale(error)) return undefined;
    throw error;
  }
}

/** AIP-154 has ABORTED for an etag that is not current; Vertex AI documents no code, and others have answered 9. */
const isStale = (error: unknown) =>
  isAborted(error) || (isFailedPrecondition(error) && /etag/i.test(String(error)));
