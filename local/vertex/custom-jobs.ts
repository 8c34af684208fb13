import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import type { CheckKey, ContainerRuntime, LogSink } from '../boundaries.ts';
import { Code, StatusError } from '../status.ts';
import { CustomJobRun } from './custom-job-run.ts';
import { checkCustomJob } from './custom-job-validation.ts';
import { type ListQuery, listPage } from './listing.ts';
import { newId, parseLocation } from './names.ts';
import { EMPTY, type Operation, type Operations } from './operations.ts';
import { plain, ResourceStore } from './resource-store.ts';
import { checkEncryption } from './validation.ts';
import { now } from './values.ts';

type CustomJob = google.cloud.aiplatform.v1.ICustomJob;

const TERMINAL = new Set<CustomJob['state']>([
  'JOB_STATE_SUCCEEDED',
  'JOB_STATE_FAILED',
  'JOB_STATE_CANCELLED',
]);

export interface CustomJobDependencies {
  containers: ContainerRuntime;
  logs: LogSink;
  projectNumber: (project: string) => string;
  checkKey: CheckKey;
}

/** Custom training jobs: each replica of each worker pool is a process of this machine. */
export class CustomJobs {
  readonly #store: ResourceStore<CustomJob>;
  readonly #operations: Operations;
  readonly #dependencies: CustomJobDependencies;
  readonly #runs = new Map<string, CustomJobRun>();

  /** Jobs that were alive when the local cloud last stopped have failed. */
  constructor(stateDir: string, operations: Operations, dependencies: CustomJobDependencies) {
    this.#store = new ResourceStore(stateDir, 'custom-jobs');
    this.#operations = operations;
    this.#dependencies = dependencies;
    for (const job of this.#store.all().filter((each) => !TERMINAL.has(each.state))) {
      this.#update(job.name ?? '', {
        state: 'JOB_STATE_FAILED',
        endTime: now(),
        error: { code: Code.ABORTED, message: 'The job was interrupted when the local cloud stopped.' },
      });
    }
  }

  create(parent: string, request: CustomJob): CustomJob {
    checkCustomJob(request);
    checkEncryption(request.encryptionSpec, `${parent}/customJobs`, this.#dependencies.checkKey);
    const time = now();
    const job = this.#store.put({
      ...plain(request),
      name: `${parent}/customJobs/${newId()}`,
      state: 'JOB_STATE_QUEUED',
      createTime: time,
      updateTime: time,
    });
    const run = new CustomJobRun(job, this.#dependencies, (change) => this.#update(job.name ?? '', change));
    this.#runs.set(job.name ?? '', run);
    run.ended.finally(() => this.#runs.delete(job.name ?? ''));
    return job;
  }

  get(name: string): CustomJob {
    return this.#store.get(name);
  }

  list(parent: string, query: ListQuery): { customJobs: CustomJob[]; nextPageToken: string } {
    parseLocation(parent);
    const { page, nextPageToken } = listPage(this.#store.under(parent), query);
    return { customJobs: page, nextPageToken };
  }

  /** Begins to stop the job's replicas; the job then becomes CANCELLED. */
  cancel(name: string): void {
    const job = this.#store.get(name);
    if (TERMINAL.has(job.state)) {
      throw new StatusError(
        'FAILED_PRECONDITION',
        `The custom job "${name}" is in state ${job.state} and can't be cancelled.`,
      );
    }
    this.#runs.get(name)?.cancel();
  }

  delete(name: string): Operation {
    const job = this.#store.get(name);
    if (!TERMINAL.has(job.state)) {
      throw new StatusError(
        'FAILED_PRECONDITION',
        `The custom job "${name}" is in state ${job.state}; only jobs that have ended can be deleted. Cancel it first.`,
      );
    }
    return this.#operations.start({
      on: name,
      metadata: 'DeleteOperationMetadata',
      response: EMPTY,
      run: async () => {
        this.#store.delete(name);
        return {};
      },
    });
  }

  /** Ends all replicas. Their jobs stay as they are; the next start marks them as interrupted. */
  async close(): Promise<void> {
    await Promise.all([...this.#runs.values()].map((run) => run.abandon()));
  }

  #update(name: string, change: Partial<CustomJob>): void {
    this.#store.put({ ...this.#store.get(name), ...change, updateTime: now() });
  }
}
