import type { protos } from '@google-cloud/aiplatform';
import { z } from 'zod';
import { Commit, Image, type StageName } from '../../events/index.ts';
import { vertexJobs } from './clients.ts';
import type { Environment } from './environment.ts';
import { StageFailure } from './failure.ts';
import { labelsOfAttempt } from './labels.ts';
import { FEW, type Outstanding } from './outstanding.ts';
import type { Work } from './stage.ts';

type CustomJob = protos.google.cloud.aiplatform.v1.ICustomJob;
type JobSpec = protos.google.cloud.aiplatform.v1.ICustomJobSpec;

const SUCCEEDED = 'JOB_STATE_SUCCEEDED';
const ENDED_OTHERWISE = ['JOB_STATE_FAILED', 'JOB_STATE_CANCELLED', 'JOB_STATE_EXPIRED'];

export interface CustomJobRequest {
  stage: StageName;
  model: string;
  /** What else tells this job from others of the attempt. */
  labels?: Record<string, string>;
  jobSpec: JobSpec;
}

/** What a stage that runs a custom job remembers of it until it has ended: whatever is released meanwhile. */
export const StartedJob = z.object({
  job: z.string().describe('Its resource name.'),
  image: Image,
  commit: Commit,
});
export type StartedJob = z.infer<typeof StartedJob>;

/**
 * The custom job of an attempt, created if there is none. CreateCustomJob takes no id of the caller's, so the
 * job is found again by its labels; the attempt's claim keeps two callers apart.
 */
export async function findOrCreateJob(work: Work, request: CustomJobRequest): Promise<StartedJob> {
  const { environment } = work;
  const client = await vertexJobs();
  const parent = `projects/${environment.GOOGLE_CLOUD_PROJECT}/locations/${environment.BATON_REGION}`;
  const labels = { ...labelsOfAttempt(work, request.stage), model: request.model, ...request.labels };
  const filter = Object.entries(labels)
    .map(([name, value]) => `labels.${name}=${value}`)
    .join(' AND ');
  const [standing] = await client.listCustomJobs({ parent, filter });
  if (standing[0]?.name) return started(standing[0], work);
  work.checkLease();
  const [job] = await client.createCustomJob({
    parent,
    customJob: {
      displayName: `${request.model}-${request.stage}-${work.run}`,
      labels,
      jobSpec: request.jobSpec,
      ...(environment.BATON_KMS_KEY && { encryptionSpec: { kmsKeyName: environment.BATON_KMS_KEY } }),
    },
  });
  return started(job, work);
}

const started = ({ name, jobSpec }: CustomJob, { environment }: Work): StartedJob => ({
  job: String(name),
  image: jobSpec?.workerPoolSpecs?.[0]?.containerSpec?.imageUri ?? '',
  commit: environment.BATON_COMMIT,
});

/**
 * The operations whose job is no longer at work. One list call per hundred jobs that are, however many have ended.
 */
export async function withEndedJob(
  outstanding: Outstanding[],
  environment: Environment,
): Promise<Outstanding[]> {
  if (outstanding.length <= FEW) return outstanding;
  const active = new Set<string>();
  const jobs = (await vertexJobs()).listCustomJobsAsync({
    parent: `projects/${environment.GOOGLE_CLOUD_PROJECT}/locations/${environment.BATON_REGION}`,
    filter: [
      `labels.stage=${outstanding[0].stage}`,
      ...[SUCCEEDED, ...ENDED_OTHERWISE].map((state) => `state!="${state}"`),
    ].join(' AND '),
    pageSize: 100,
    readMask: { paths: ['name'] },
  });
  for await (const { name } of jobs) active.add(String(name));
  return outstanding.filter(({ resources }) => !resources.some((job) => active.has(job)));
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
