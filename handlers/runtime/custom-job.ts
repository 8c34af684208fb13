import type { protos } from '@google-cloud/aiplatform';
import type { RunId, StageName } from '../../events/index.ts';
import { vertexJobs } from './clients.ts';
import type { Environment } from './environment.ts';
import { StageFailure } from './failure.ts';

type JobSpec = protos.google.cloud.aiplatform.v1.ICustomJobSpec;

const SUCCEEDED = 'JOB_STATE_SUCCEEDED';
const ENDED_OTHERWISE = ['JOB_STATE_FAILED', 'JOB_STATE_CANCELLED', 'JOB_STATE_EXPIRED'];

export interface CustomJobRequest {
  run: RunId;
  stage: StageName;
  attempt: number;
  model: string;
  jobSpec: JobSpec;
}

/**
 * The custom job of an attempt, created if there is none. CreateCustomJob takes no id of the caller's, so the
 * job is found again by its labels; the attempt's claim keeps two callers apart.
 */
export async function findOrCreateJob(environment: Environment, request: CustomJobRequest): Promise<string> {
  const client = await vertexJobs();
  const parent = `projects/${environment.GOOGLE_CLOUD_PROJECT}/locations/${environment.BATON_REGION}`;
  const labels = {
    run: request.run,
    stage: request.stage,
    attempt: String(request.attempt),
    model: request.model,
    env: environment.BATON_ENV,
  };
  const filter = `labels.run=${labels.run} AND labels.stage=${labels.stage} AND labels.attempt=${labels.attempt}`;
  const [standing] = await client.listCustomJobs({ parent, filter });
  if (standing[0]?.name) return standing[0].name;
  const [job] = await client.createCustomJob({
    parent,
    customJob: {
      displayName: `${request.model}-${request.stage}-${request.run}`,
      labels,
      jobSpec: request.jobSpec,
      ...(environment.BATON_KMS_KEY && { encryptionSpec: { kmsKeyName: environment.BATON_KMS_KEY } }),
    },
  });
  return String(job.name);
}

/**
 * Whether the job has succeeded.
 *
 * @throws StageFailure when it ended in any other way, with the error that Vertex AI keeps
 */
export async function hasSucceeded(name: string): Promise<boolean> {
  const [job] = await (await vertexJobs()).getCustomJob({ name });
  const state = String(job.state);
  if (ENDED_OTHERWISE.includes(state)) {
    throw new StageFailure(
      'BATON_OPERATION_FAILED',
      `${name} ended as ${state}: ${job.error?.message ?? 'Vertex AI keeps no error for it'}`,
    );
  }
  return state === SUCCEEDED;
}

/** The arguments of a container, in the form `--name=value`. */
export const containerArguments = (values: Record<string, string | number | boolean>): string[] =>
  Object.entries(values).map(([name, value]) => `--${name}=${value}`);
