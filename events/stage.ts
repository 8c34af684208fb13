import { z } from 'zod';

/** The stages of a run, in the order the chain passes through them. */
export const STAGES = ['prepare', 'ingest', 'train', 'evaluate', 'approve', 'deploy', 'monitor'] as const;

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
};
