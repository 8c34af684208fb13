import { randomInt } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckKey, LogSink, ObjectStore, Warehouse } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import { type DataflowJob, type Importance, isTerminal, type JobEnvironment, type JobState } from './job.ts';
import { addMessage } from './job-messages.ts';
import { JobStore } from './job-store.ts';
import { checkParameters, findTemplate, type Template } from './templates.ts';
import { type PipelineServices, textToBigQuery } from './text-to-bigquery.ts';
import { type TransformLimits, TransformWorkers } from './transform.ts';

export interface DataflowOptions {
  /** The local cloud's state folder; jobs lie in its `dataflow`. */
  stateDir: string;
  objects: ObjectStore;
  warehouse: Warehouse;
  logs: LogSink;
  /** Milliseconds since the epoch; the machine's clock by default. */
  now?: () => number;
  /** Throws what a launch without a usable key answers under the organisation's policy. */
  checkKey?: CheckKey;
  limits?: Partial<TransformLimits>;
  /**
   * What a job's workers may use, with the rights of their account and no others; throws where they may not work
   * for Dataflow at all. Without it they may use everything.
   */
  servicesOf?: (job: DataflowJob) => PipelineServices;
  /** Called after a job's new state is on disk. */
  onStateChange?: (job: DataflowJob) => void;
}

export interface Launch {
  project: string;
  location: string;
  jobName: string;
  templatePath: string;
  kind: Template['kind'];
  parameters: Record<string, string>;
  environment: JobEnvironment;
  labels: Record<string, string>;
}

const JOB_NAME = /^[a-z]([-a-z0-9]{0,1022}[a-z0-9])?$/;
const LIMITS: TransformLimits = { lineTimeoutMs: 10_000, jobTimeoutMs: 600_000, memoryMb: 128 };

/** Two workers fill a small machine; further jobs wait in QUEUED. */
const RUNNING_AT_ONCE = 2;

/** Runs template jobs, each in a worker thread. */
export class DataflowEngine {
  readonly #options: DataflowOptions;
  readonly #now: () => number;
  readonly #store: JobStore;
  readonly #spoolFolder: string;
  readonly #workers: TransformWorkers;
  readonly #running = new Map<string, { abort: AbortController; ended: Promise<void> }>();
  readonly #queue: DataflowJob[] = [];
  #closed = false;

  /** Jobs that the last stop interrupted are FAILED from now on. */
  constructor(options: DataflowOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#workers = new TransformWorkers({ ...LIMITS, ...options.limits });
    this.#store = new JobStore(join(options.stateDir, 'dataflow', 'jobs'));
    this.#spoolFolder = join(options.stateDir, 'dataflow', 'spool');
    rmSync(this.#spoolFolder, { recursive: true, force: true });
    for (const job of this.#store.all().filter((job) => !isTerminal(job))) {
      this.#note(
        job,
        'JOB_MESSAGE_ERROR',
        'Workflow failed. Causes: the local cloud stopped while the job ran.',
      );
      this.#enter(job, 'JOB_STATE_FAILED');
    }
  }

  /**
   * Starts a job.
   *
   * @throws ALREADY_EXISTS while a job of the same name is active, INVALID_ARGUMENT or NOT_FOUND for a launch
   *   that names a bad job, template or parameter
   */
  launch(launch: Launch): DataflowJob {
    this.validate(launch);
    const time = new Date(this.#now()).toISOString();
    const job: DataflowJob = {
      id: newJobId(time),
      projectId: launch.project,
      location: launch.location,
      name: launch.jobName,
      type: 'JOB_TYPE_BATCH',
      currentState: 'JOB_STATE_QUEUED',
      currentStateTime: time,
      createTime: time,
      startTime: time,
      labels: launch.labels,
      environment: launch.environment,
      templatePath: launch.templatePath,
      parameters: launch.parameters,
      messages: [],
    };
    this.#enter(job, 'JOB_STATE_QUEUED');
    this.#queue.push(job);
    setImmediate(() => this.#startNext());
    return job;
  }

  /** Throws what `launch` would, and starts nothing. */
  validate({ project, location, jobName, templatePath, kind, parameters, environment }: Launch): void {
    if (!JOB_NAME.test(jobName)) {
      throw new StatusError(
        'INVALID_ARGUMENT',
        `Invalid job name "${jobName}": it must match [a-z]([-a-z0-9]{0,1022}[a-z0-9])?`,
      );
    }
    checkParameters(findTemplate(templatePath, kind), parameters);
    const resource = `projects/${project}/locations/${location}/jobs/${jobName}`;
    this.#options.checkKey?.({ kmsKeyName: environment.kmsKeyName, project, location, resource });
    const active = this.list(project, location, jobName).find((job) => !isTerminal(job));
    if (active) {
      throw new StatusError(
        'ALREADY_EXISTS',
        `There is already an active job named ${jobName}. If you want to submit a second job, try again by setting a different name. (${active.id})`,
      );
    }
  }

  get(project: string, location: string, id: string): DataflowJob {
    const job = this.#store.get(id);
    if (!job || job.projectId !== project || job.location !== location) {
      throw new StatusError(
        'NOT_FOUND',
        `Information about job ${id} could not be found in our system. Please double check that the id, the project ${project} and the location ${location} are correct.`,
      );
    }
    return job;
  }

  /** A project's jobs, or those of a name, the newest first. */
  list(project: string, location?: string, name?: string): DataflowJob[] {
    return this.#store
      .all(name)
      .filter((job) => job.projectId === project && (location === undefined || job.location === location));
  }

  /** Asks a job to end; its rows are then not written. Throws FAILED_PRECONDITION when it has ended already. */
  cancel(job: DataflowJob): DataflowJob {
    if (isTerminal(job)) {
      throw new StatusError(
        'FAILED_PRECONDITION',
        `Cannot cancel job ${job.id}: it is in ${job.currentState}.`,
      );
    }
    job.requestedState = 'JOB_STATE_CANCELLED';
    this.#store.save(job);
    const waiting = this.#queue.indexOf(job);
    if (waiting >= 0) {
      this.#queue.splice(waiting, 1);
      this.#enter(job, 'JOB_STATE_CANCELLED');
    } else this.#running.get(job.id)?.abort.abort(new Error('The job was cancelled.'));
    return job;
  }

  /** Stops the workers. Their jobs stay as they are, to be found interrupted at the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#queue.length = 0;
    for (const { abort } of this.#running.values()) abort.abort(new Error('The local cloud stopped.'));
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
    await this.#workers.close();
  }

  #startNext(): void {
    while (!this.#closed && this.#running.size < RUNNING_AT_ONCE) {
      const job = this.#queue.shift();
      if (!job) return;
      const abort = new AbortController();
      const ended = this.#run(job, abort.signal).finally(() => {
        this.#running.delete(job.id);
        this.#startNext();
      });
      this.#running.set(job.id, { abort, ended });
    }
  }

  async #run(job: DataflowJob, signal: AbortSignal): Promise<void> {
    this.#note(job, 'JOB_MESSAGE_BASIC', 'Starting 1 worker.');
    this.#enter(job, 'JOB_STATE_RUNNING');
    try {
      job.counters = await textToBigQuery(job, this.#options.servicesOf?.(job) ?? this.#options, {
        spool: join(this.#spoolFolder, `${job.id}.jsonl`),
        workers: this.#workers,
        signal,
      });
      const { linesRead, linesDropped, rowsWritten } = job.counters;
      this.#note(
        job,
        'JOB_MESSAGE_BASIC',
        `Read ${linesRead} lines, dropped ${linesDropped}, wrote ${rowsWritten} rows.`,
      );
      this.#enter(job, 'JOB_STATE_DONE');
    } catch (error) {
      if (this.#closed) return;
      if (signal.aborted) return this.#enter(job, 'JOB_STATE_CANCELLED');
      const reason = error instanceof Error ? error.message : String(error);
      this.#note(job, 'JOB_MESSAGE_ERROR', `Error message from worker: ${reason}`);
      this.#note(job, 'JOB_MESSAGE_ERROR', `Workflow failed. Causes: ${reason}`);
      this.#enter(job, 'JOB_STATE_FAILED');
    }
  }

  #enter(job: DataflowJob, state: JobState): void {
    job.currentState = state;
    job.currentStateTime = new Date(this.#now()).toISOString();
    this.#note(job, 'JOB_MESSAGE_DETAILED', `The job is in ${state}.`);
    this.#store.save(job);
    this.#options.onStateChange?.(structuredClone(job));
  }

  #note(job: DataflowJob, importance: Importance, text: string): void {
    this.#options.logs.write(addMessage(job, importance, text, new Date(this.#now()).toISOString()));
  }
}

/** `2026-11-22_19_05_34-4711…`, as Dataflow's ids look. */
function newJobId(time: string): string {
  const digits = `${randomInt(1, 10 ** 9)}${randomInt(10 ** 9)}`.padEnd(18, '0');
  return `${time.slice(0, 19).replace('T', '_').replaceAll(':', '_')}-${digits}`;
}
