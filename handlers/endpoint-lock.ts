import { type AttemptKey, type RunId, RunId as RunIdSchema, Sequence } from '../events/index.ts';
import { type Endpoint, updateEndpoint } from './endpoint-update.ts';

/** A run that was deployed, and where it stands among the runs of its model. */
export interface Deployment {
  run: RunId;
  attempt: number;
  sequence: Sequence;
}

const HOLDING = ['deploy', 'rollout', 'rollback'] as const;

/** An attempt of a stage that changes the endpoint, and so has to have it. */
export interface Holder extends Omit<AttemptKey, 'stage'> {
  stage: (typeof HOLDING)[number];
}

/** One that wants the endpoint in its turn. */
export type Claimant = Holder & Deployment;

/** What the endpoint's labels say. The endpoint itself is the lock: its etag lets one writer through. */
export interface Promotion {
  /** Who changes the endpoint now. */
  holder?: Holder;
  /** Who was deployed last. */
  deployed?: Deployment;
  /** Which run was rolled back last, and by which attempt of it. */
  rolledBack?: { run: RunId; attempt: number };
}

/** Runs of before there was a sequence come before all others. */
export const FIRST = Sequence.parse('0'.padStart(20, '0'));

export function promotionOf({ labels }: Endpoint): Promotion {
  const attemptOf = (name: string) => {
    const run = RunIdSchema.safeParse(labels?.[name]).data;
    return run && { run, attempt: Number(labels?.[`${name}-attempt`]) };
  };
  const [holder, deployed, rolledBack] = ['promotion', 'deployed', 'rolled-back'].map(attemptOf);
  const stage = HOLDING.find((name) => name === labels?.['promotion-stage']) ?? 'deploy';
  const sequence = Sequence.safeParse(labels?.sequence).data ?? FIRST;
  return {
    ...(holder && { holder: { stage, ...holder } }),
    ...(deployed && { deployed: { ...deployed, sequence } }),
    ...(rolledBack && { rolledBack }),
  };
}

export const lockLabels = ({ stage, run, attempt }: Holder) => ({
  promotion: run,
  'promotion-attempt': String(attempt),
  'promotion-stage': stage,
});

const FREE = { promotion: '', 'promotion-attempt': '', 'promotion-stage': '' };

/** Whether an attempt has the endpoint. A rollout has it from the deployment that it goes on with. */
export function holds(endpoint: Endpoint, { stage, run, attempt }: Pick<AttemptKey, keyof Holder>): boolean {
  const { holder } = promotionOf(endpoint);
  if (holder?.run !== run || holder.attempt !== attempt) return false;
  return holder.stage === stage || (holder.stage === 'deploy' && stage === 'rollout');
}

export function wasDeployed(endpoint: Endpoint, { run, attempt }: Deployment): boolean {
  const { deployed } = promotionOf(endpoint);
  return deployed?.run === run && deployed.attempt === attempt;
}

/** Takes the endpoint, if it is still as it was read. */
export const takeLock = (endpoint: Endpoint, holder: Holder): Promise<Endpoint | undefined> =>
  updateEndpoint(endpoint, { labels: lockLabels(holder) });

/** Takes the endpoint from whoever has it, for a rollback, and moves the traffic in the same write. */
export function takeForRollback(
  endpoint: Endpoint,
  holder: Holder,
  trafficSplit?: Record<string, number>,
): Promise<Endpoint | undefined> {
  const rolledBack = { 'rolled-back': holder.run, 'rolled-back-attempt': String(holder.attempt) };
  return updateEndpoint(endpoint, { labels: { ...lockLabels(holder), ...rolledBack }, trafficSplit });
}

/** Writes on the endpoint who was deployed; whoever has it keeps it. */
export const markDeployed = (
  endpoint: Endpoint,
  { run, attempt, sequence }: Deployment,
): Promise<Endpoint | undefined> =>
  updateEndpoint(endpoint, { labels: { deployed: run, 'deployed-attempt': String(attempt), sequence } });

/** Gives the endpoint free. */
export const dropLock = (endpoint: Endpoint): Promise<Endpoint | undefined> =>
  updateEndpoint(endpoint, { labels: FREE });
