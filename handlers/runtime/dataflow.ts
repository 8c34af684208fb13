import type { protos } from '@google-cloud/dataflow';
import { dataflowJobs, dataflowMessages, dataflowTemplates } from './clients.ts';
import type { Environment } from './environment.ts';
import { isAlreadyExists, StageFailure } from './failure.ts';
import { FEW, type Outstanding } from './outstanding.ts';

type RuntimeEnvironment = protos.google.dataflow.v1beta3.IRuntimeEnvironment;

export interface TemplateLaunch {
  gcsPath: string;
  jobName: string;
  parameters: Record<string, string>;
  environment: RuntimeEnvironment;
}

const place = (environment: Environment) => ({
  projectId: environment.GOOGLE_CLOUD_PROJECT,
  location: environment.BATON_REGION,
});

/**
 * The id of the template job of that name, launched if there is none. Dataflow keeps names apart among active
 * jobs only, so a job that has ended is looked for first.
 */
export async function findOrLaunch(environment: Environment, launch: TemplateLaunch): Promise<string> {
  const { gcsPath, ...launchParameters } = launch;
  const found = await findJob(environment, launch.jobName);
  if (found) return found;
  try {
    const client = await dataflowTemplates();
    const [response] = await client.launchTemplate({ ...place(environment), gcsPath, launchParameters });
    return String(response.job?.id);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const other = await findJob(environment, launch.jobName);
    if (other) return other;
    throw error;
  }
}

async function findJob(environment: Environment, name: string): Promise<string | undefined> {
  const client = await dataflowJobs();
  for await (const job of client.listJobsAsync({ ...place(environment), name })) {
    if (job.name === name && job.id) return job.id;
  }
  return undefined;
}

/** The operations none of whose jobs is at work any more: one list call per page of jobs that are. */
export async function withEndedJobs(
  outstanding: Outstanding[],
  environment: Environment,
): Promise<Outstanding[]> {
  if (outstanding.length <= FEW) return outstanding;
  const active = new Set<string>();
  const jobs = (await dataflowJobs()).listJobsAsync({
    ...place(environment),
    filter: 'ACTIVE',
    pageSize: 1000,
  });
  for await (const { id } of jobs) active.add(String(id));
  return outstanding.filter(({ resources }) => !resources.some((job) => active.has(job)));
}

const DONE = 'JOB_STATE_DONE';
const ENDED_OTHERWISE = ['JOB_STATE_FAILED', 'JOB_STATE_CANCELLED', 'JOB_STATE_DRAINED', 'JOB_STATE_UPDATED'];

/** Whether a job in this state is no longer at work. */
export const jobHasEnded = (state: string): boolean => state === DONE || ENDED_OTHERWISE.includes(state);

/** Whether a job has ended, and how. */
export async function jobState(
  environment: Environment,
  jobId: string,
): Promise<'running' | 'done' | 'failed'> {
  const [job] = await (await dataflowJobs()).getJob({ ...place(environment), jobId });
  const state = String(job.currentState);
  if (state === DONE) return 'done';
  return jobHasEnded(state) ? 'failed' : 'running';
}

/** The failure of a job, with the last error that Dataflow reported for it. */
export async function dataflowFailure(environment: Environment, jobId: string): Promise<StageFailure> {
  const client = await dataflowMessages();
  const [messages] = await client.listJobMessages({
    ...place(environment),
    jobId,
    minimumImportance: 'JOB_MESSAGE_ERROR',
  });
  const text = messages.at(-1)?.messageText ?? 'Dataflow reported no message';
  return new StageFailure('BATON_OPERATION_FAILED', `Dataflow job ${jobId} failed: ${text}`);
}
