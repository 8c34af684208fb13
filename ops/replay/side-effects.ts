import { type StageName, stagesFrom, TENANT_OF, type Tenant } from '../../events/index.ts';

/** Something that a stage changes outside the run's folder, and what makes it happen once per attempt. */
export interface SideEffect {
  effect: string;
  /** The name that follows from the run and the attempt, under which the stage looks before it creates. */
  guard: string;
}

interface Attempt {
  run: string;
  attempt: number;
}

const EFFECTS: Record<StageName, (attempt: Attempt) => SideEffect[]> = {
  prepare: () => [{ effect: 'BigQuery dataset', guard: 'its configured name: one for all runs' }],
  ingest: ({ run, attempt }) => [
    { effect: 'Dataflow jobs', guard: `job names ingest-${run}-${attempt}-{train,eval}` },
    {
      effect: 'staging tables',
      guard: `table names staging_${run.replaceAll('-', '_')}_${attempt}_{train,eval}`,
    },
    { effect: 'live tables', guard: 'train and eval, replaced whole from the staging tables' },
  ],
  train: (attempt) => [customJob('train', attempt)],
  evaluate: (attempt) => [customJob('evaluate', attempt)],
  approve: (attempt) => [
    { ...customJob('approve', attempt), effect: 'Vertex AI custom job, where a champion serves' },
    {
      effect: 'request for approval, where the stack asks for it',
      guard: 'an object of the attempt, written once',
    },
  ],
  deploy: ({ run, attempt }) => [
    { effect: 'model version', guard: `a version alias that names run ${run} and attempt ${attempt}` },
    { effect: 'evaluation of the version', guard: 'a display name that follows from run and attempt' },
    { effect: 'endpoint', guard: 'its configured id: one for all runs, changed under its etag' },
    {
      effect: 'deployed model with its first share',
      guard: 'a deployed-model id that follows from run and attempt',
    },
  ],
  monitor: () => [{ effect: 'monitoring job', guard: "the endpoint's only one: updated where it exists" }],
  rollout: () => [
    { effect: 'traffic split', guard: "each share follows from the one before, under the endpoint's etag" },
    { effect: 'aliases champion and challenger', guard: 'an alias is on one version at a time' },
    { effect: 'versions undeployed', guard: 'those without traffic' },
  ],
  rollback: ({ run, attempt }) => [
    {
      effect: 'deployed model, where the version is not deployed',
      guard: `a deployed-model id that follows from run ${run} and attempt ${attempt}`,
    },
    { effect: 'traffic split, aliases and versions undeployed', guard: "the endpoint's etag" },
  ],
};

const customJob = (stage: StageName, { run, attempt }: Attempt): SideEffect => ({
  effect: 'Vertex AI custom job',
  guard: `labels run=${run}, stage=${stage}, attempt=${attempt}`,
});

/** A stage that a replay runs again. */
export interface StageAgain {
  stage: StageName;
  tenant: Tenant;
  effects: SideEffect[];
}

/** The stages that run again under a new attempt, from one on, with what each changes. */
export function stagesAgain(from: StageName, attempt: Attempt): StageAgain[] {
  return stagesFrom(from).map((stage) => ({
    stage,
    tenant: TENANT_OF[stage],
    effects: EFFECTS[stage](attempt),
  }));
}
