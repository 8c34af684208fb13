import { z } from 'zod';

/** The stages of a run, in the order the chain passes through them; `rollback` only where a person asks for it. */
export const STAGES = [
  'prepare',
  'ingest',
  'train',
  'evaluate',
  'approve',
  'deploy',
  'monitor',
  'rollout',
  'rollback',
] as const;

export const StageName = z.enum(STAGES);
export type StageName = z.infer<typeof StageName>;

/** Where a stage runs: the tenant that trains, or the one that serves. */
export type Tenant = 'nonprod' | 'prod';

export const TENANT_OF: Record<StageName, Tenant> = {
  prepare: 'nonprod',
  ingest: 'nonprod',
  train: 'nonprod',
  evaluate: 'nonprod',
  approve: 'prod',
  deploy: 'prod',
  monitor: 'prod',
  rollout: 'prod',
  rollback: 'prod',
};

/** The stage whose ending wakes each; the first one is woken by files, and `rollback` by a person. */
export const STAGE_BEFORE: Record<StageName, StageName | undefined> = {
  prepare: undefined,
  ingest: 'prepare',
  train: 'ingest',
  evaluate: 'train',
  approve: 'evaluate',
  deploy: 'approve',
  monitor: 'deploy',
  rollout: 'deploy',
  rollback: undefined,
};

/** A stage and all that come after it. */
export function stagesFrom(first: StageName): StageName[] {
  const comesAfter = (stage: StageName): boolean => {
    const before = STAGE_BEFORE[stage];
    return before !== undefined && (before === first || comesAfter(before));
  };
  return STAGES.filter((stage) => stage === first || comesAfter(stage));
}
