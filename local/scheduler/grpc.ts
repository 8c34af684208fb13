import { randomUUID } from 'node:crypto';
import type { GrpcModule } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import { fromJobMessage, type JobMessage, jobMessage } from './job-messages.ts';
import type { Scheduler } from './scheduler.ts';

interface ListJobsRequest {
  parent: string;
  pageSize: number;
  pageToken: string;
}

interface UpdateJobRequest {
  job: JobMessage;
  updateMask?: { paths: string[] } | null;
}

const SERVICE = 'google.cloud.scheduler.v1.CloudScheduler';

/** Cloud Scheduler's gRPC API. */
export function schedulerGrpc(scheduler: Scheduler): GrpcModule {
  const method = (name: string) => `${SERVICE}/${name}`;
  return {
    protos: '@google-cloud/scheduler',
    files: ['google/cloud/scheduler/v1/cloudscheduler.proto'],
    services: [SERVICE],
    unary: {
      [method('CreateJob')]: (request: { parent: string; job: JobMessage }) => createJob(scheduler, request),
      [method('GetJob')]: ({ name }: { name: string }) => jobMessage(scheduler.getJob(name)),
      [method('ListJobs')]: (request: ListJobsRequest) => listJobs(scheduler, request),
      [method('UpdateJob')]: (request: UpdateJobRequest) => updateJob(scheduler, request),
      [method('DeleteJob')]: ({ name }: { name: string }) => {
        scheduler.deleteJob(name);
        return {};
      },
      [method('PauseJob')]: ({ name }: { name: string }) => jobMessage(scheduler.pauseJob(name)),
      [method('ResumeJob')]: ({ name }: { name: string }) => jobMessage(scheduler.resumeJob(name)),
      [method('RunJob')]: ({ name }: { name: string }) => jobMessage(scheduler.runJob(name)),
    },
  };
}

function createJob(scheduler: Scheduler, { parent, job }: { parent: string; job: JobMessage }): object {
  const name = job.name || `${parent}/jobs/${randomUUID()}`;
  if (!name.startsWith(`${parent}/jobs/`)) {
    throw new StatusError('INVALID_ARGUMENT', `Job name ${name} is not in ${parent}.`);
  }
  return jobMessage(scheduler.createJob({ ...fromJobMessage(job), name }));
}

function listJobs(scheduler: Scheduler, { parent, pageSize, pageToken }: ListJobsRequest): object {
  const jobs = scheduler.listJobs(parent).filter(({ name }) => name > pageToken);
  const page = jobs.slice(0, Math.min(pageSize || 500, 500));
  return {
    jobs: page.map(jobMessage),
    nextPageToken: jobs.length > page.length ? page.at(-1)!.name : '',
  };
}

/** The fields that an update may change, by their name in a field mask. */
const UPDATABLE = {
  description: ['description'],
  schedule: ['schedule'],
  time_zone: ['timeZone'],
  http_target: ['httpTarget', 'pubsubTarget'],
  pubsub_target: ['httpTarget', 'pubsubTarget'],
  retry_config: ['retryConfig'],
  attempt_deadline: ['attemptDeadlineMs'],
} as const;

function updateJob(scheduler: Scheduler, { job, updateMask }: UpdateJobRequest): object {
  const current = scheduler.getJob(job.name ?? '');
  const given = { ...fromJobMessage(job), name: current.name };
  const paths = updateMask?.paths ?? [];
  if (paths.length === 0) return jobMessage(scheduler.updateJob(given));
  const changed: Record<string, unknown> = { ...current };
  for (const path of paths) {
    if (!isUpdatable(path)) {
      throw new StatusError(
        'UNIMPLEMENTED',
        `update_mask path ${path} is not implemented by the local cloud.`,
      );
    }
    for (const field of UPDATABLE[path]) changed[field] = given[field];
  }
  return jobMessage(scheduler.updateJob(changed as typeof given));
}

function isUpdatable(path: string): path is keyof typeof UPDATABLE {
  return Object.hasOwn(UPDATABLE, path);
}
