import type { StageName } from '../../events/index.ts';
import type { Environment } from './environment.ts';
import type { Work } from './stage.ts';

/** The labels by which the bill tells what something is for that stays from run to run (docs/cost.md). */
export const labelsOfStage = (
  { BATON_MODEL: model, BATON_ENV: env }: Pick<Environment, 'BATON_MODEL' | 'BATON_ENV'>,
  stage: StageName,
) => ({ stage, model, env });

/** The same of what belongs to one attempt of a stage: a job, a query, a model's version. */
export const labelsOfAttempt = (
  { run, attempt, environment }: Pick<Work, 'run' | 'attempt' | 'environment'>,
  stage: StageName,
) => ({ run, attempt: String(attempt), ...labelsOfStage(environment, stage) });
