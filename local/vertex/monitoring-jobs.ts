import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import type { CheckKey, Warehouse } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import type { Endpoints } from './endpoints.ts';
import { type ListQuery, listPage } from './listing.ts';
import { type AlertDependencies, tellOfAnomalies } from './model-monitoring/alerts.ts';
import { MonitoringPipeline, type PipelineDependencies } from './model-monitoring/pipeline.ts';
import { MonitoringRuns, type StatsSearch } from './model-monitoring/runs.ts';
import { MonitoringSchedule } from './model-monitoring/schedule.ts';
import { intervalMs, windowEndingAt } from './model-monitoring/window.ts';
import { mergeMonitoringJob } from './monitoring-job-update.ts';
import { checkMonitoringJob } from './monitoring-job-validation.ts';
import { newId, parseLocation } from './names.ts';
import { EMPTY, type Operation, type Operations, statusOf } from './operations.ts';
import { ensureServingTable, servingTable } from './prediction-log.ts';
import { plain, ResourceStore } from './resource-store.ts';
import { checkEncryption } from './validation.ts';
import { epochMs, now, timestamp } from './values.ts';

type MonitoringJob = google.cloud.aiplatform.v1.IModelDeploymentMonitoringJob;

export interface MonitoringDependencies extends PipelineDependencies, AlertDependencies {
  endpoints: Endpoints;
  operations: Operations;
  warehouse: Warehouse;
  checkKey: CheckKey;
  /** Writes the predictions that still wait to be logged. */
  flushLog(): Promise<void>;
  /** Told of a run that failed. */
  onFailure(job: string, error: unknown): void;
  /** How long an hour of the jobs' schedules is, in milliseconds. */
  hourMs: number;
}

/**
 * Model deployment monitoring: at most one job per endpoint. While a job runs, a sample of the endpoint's
 * predictions is logged to BigQuery, and analysed at each interval.
 */
export class MonitoringJobs {
  readonly #store: ResourceStore<MonitoringJob>;
  readonly #dependencies: MonitoringDependencies;
  readonly #pipeline: MonitoringPipeline;
  readonly #running = new Map<string, Promise<void>>();
  readonly #schedule = new MonitoringSchedule((name) => void this.run(name).catch(() => undefined));
  readonly #runs: MonitoringRuns;

  constructor(stateDir: string, dependencies: MonitoringDependencies) {
    this.#store = new ResourceStore(stateDir, 'monitoring-jobs');
    this.#runs = new MonitoringRuns(stateDir);
    this.#dependencies = dependencies;
    this.#pipeline = new MonitoringPipeline(dependencies);
    for (const job of this.#store.all()) {
      if (job.state === 'JOB_STATE_PENDING') this.#prepare(job.name ?? '');
      if (job.state === 'JOB_STATE_RUNNING') this.#scheduleNext(job);
    }
  }

  async create(parent: string, request: MonitoringJob): Promise<MonitoringJob> {
    parseLocation(parent);
    const { endpoints, warehouse, checkKey } = this.#dependencies;
    const endpointName = request.endpoint ?? '';
    checkEncryption(request.encryptionSpec, `${parent}/modelDeploymentMonitoringJobs`, checkKey);
    await checkMonitoringJob(request, { endpoint: endpoints.get(endpointName), warehouse });
    // Asked again after the checks, between which another call may have made a job.
    const endpoint = endpoints.get(endpointName);
    if (endpoint.modelDeploymentMonitoringJob) {
      throw new StatusError(
        'ALREADY_EXISTS',
        `The endpoint "${endpointName}" already has the monitoring job "${endpoint.modelDeploymentMonitoringJob}"; update that one.`,
      );
    }
    const { projectId, datasetId, tableId } = servingTable(endpointName);
    const time = now();
    const job = this.#store.put({
      ...plain(request),
      name: `${parent}/modelDeploymentMonitoringJobs/${newId()}`,
      state: 'JOB_STATE_PENDING',
      scheduleState: 'PENDING',
      bigqueryTables: [
        {
          logSource: 'SERVING',
          logType: 'PREDICT',
          bigqueryTablePath: `bq://${projectId}.${datasetId}.${tableId}`,
          requestResponseLoggingSchemaVersion: 'v1',
        },
      ],
      createTime: time,
      updateTime: time,
    });
    endpoints.put({ ...endpoint, modelDeploymentMonitoringJob: job.name });
    this.#prepare(job.name ?? '');
    return job;
  }

  get(name: string): MonitoringJob {
    return this.#store.get(name);
  }

  find(name: string): MonitoringJob | undefined {
    return this.#store.find(name);
  }

  list(
    parent: string,
    query: ListQuery,
  ): { modelDeploymentMonitoringJobs: MonitoringJob[]; nextPageToken: string } {
    parseLocation(parent);
    const { page, nextPageToken } = listPage(this.#store.under(parent), query);
    return { modelDeploymentMonitoringJobs: page, nextPageToken };
  }

  async update(request: MonitoringJob, mask: string[]): Promise<Operation> {
    const { endpoints, operations, warehouse } = this.#dependencies;
    const name = request.name ?? '';
    const changes = plain(request);
    const merged = mergeMonitoringJob(this.#store.get(name), changes, mask);
    const endpoint = endpoints.get(merged.endpoint ?? '');
    await checkMonitoringJob(merged, { endpoint, warehouse });
    return operations.start({
      on: name,
      metadata: 'UpdateModelDeploymentMonitoringJobOperationMetadata',
      response: 'ModelDeploymentMonitoringJob',
      run: async () => this.#put(mergeMonitoringJob(this.#store.get(name), changes, mask)),
    });
  }

  delete(name: string): Operation {
    const { endpoints, operations } = this.#dependencies;
    const job = this.#store.get(name);
    return operations.start({
      on: name,
      metadata: 'DeleteOperationMetadata',
      response: EMPTY,
      run: async () => {
        this.#schedule.cancel(name);
        this.#store.delete(name);
        this.#runs.forget(name);
        const { modelDeploymentMonitoringJob: _deleted, ...endpoint } = endpoints.get(job.endpoint ?? '');
        endpoints.put(endpoint);
        return {};
      },
    });
  }

  pause(name: string): void {
    this.#switch(name, 'JOB_STATE_RUNNING', 'JOB_STATE_PAUSED');
    this.#schedule.cancel(name);
  }

  resume(name: string): void {
    this.#scheduleNext(this.#switch(name, 'JOB_STATE_PAUSED', 'JOB_STATE_RUNNING'));
  }

  /**
   * Runs the job's pipeline on the window that ends now, or joins the run that is under way. Vertex AI has no call
   * for this: there, the clock alone runs a job. Throws FAILED_PRECONDITION for a job that doesn't run.
   */
  run(name: string): Promise<void> {
    const job = this.#store.get(name);
    if (job.state !== 'JOB_STATE_RUNNING') throw notIn(job, 'JOB_STATE_RUNNING');
    const running = this.#running.get(name) ?? this.#run(job).finally(() => this.#running.delete(name));
    this.#running.set(name, running);
    return running;
  }

  /** What the runs of a job found. Throws NOT_FOUND for a job that isn't there. */
  search(request: StatsSearch): ReturnType<MonitoringRuns['search']> {
    this.#store.get(request.modelDeploymentMonitoringJob ?? '');
    return this.#runs.search(request);
  }

  /** Ends all schedules, and waits for the runs that are under way. */
  async close(): Promise<void> {
    this.#schedule.close();
    await Promise.allSettled(this.#running.values());
  }

  async #run(job: MonitoringJob): Promise<void> {
    const name = job.name ?? '';
    const { hourMs, flushLog } = this.#dependencies;
    this.#put({ ...job, scheduleState: 'RUNNING' });
    await flushLog();
    const previous = this.#runs.latest(name)?.window;
    const window = windowEndingAt(Date.now(), job, previous, hourMs);
    let status = { code: 0, message: '' };
    try {
      const run = this.#runs.record(name, window, await this.#pipeline.run(job, window, previous));
      tellOfAnomalies(job, run, this.#dependencies);
    } catch (error) {
      status = statusOf(error);
      this.#dependencies.onFailure(name, error);
    }
    const after = this.#store.find(name);
    if (!after) return;
    const latestMonitoringPipelineMetadata = { runTime: timestamp(window.end), status };
    const ended = this.#put({ ...after, scheduleState: 'OFFLINE', latestMonitoringPipelineMetadata });
    if (ended.state === 'JOB_STATE_RUNNING') this.#scheduleNext(ended, window.end);
  }

  /** Sets the job to run an interval after the time, or when an earlier start set it to. */
  #scheduleNext(job: MonitoringJob, from?: number): void {
    const due = epochMs(job.nextScheduleTime);
    const next = (from ?? Date.now()) + intervalMs(job, this.#dependencies.hourMs);
    const at = from === undefined && due > Date.now() ? Math.min(due, next) : next;
    this.#put({ ...job, nextScheduleTime: timestamp(at) });
    this.#schedule.set(job.name ?? '', at);
  }

  #switch(name: string, from: MonitoringJob['state'], to: MonitoringJob['state']): MonitoringJob {
    const job = this.#store.get(name);
    if (job.state !== from) throw notIn(job, from);
    return this.#put({ ...job, state: to });
  }

  /** Makes the log table, after which the job runs. */
  async #prepare(name: string): Promise<void> {
    const failure = await ensureServingTable(this.#dependencies.warehouse, this.#store.get(name)).then(
      () => undefined,
      (error: unknown) => error,
    );
    const job = this.#store.find(name);
    if (!job) return;
    if (failure === undefined) {
      this.#scheduleNext({ ...job, state: 'JOB_STATE_RUNNING', scheduleState: 'OFFLINE' });
    } else {
      this.#put({ ...job, state: 'JOB_STATE_FAILED', error: statusOf(failure) });
    }
  }

  #put(job: MonitoringJob): MonitoringJob {
    return this.#store.put({ ...job, updateTime: now() });
  }
}

function notIn(job: MonitoringJob, state: MonitoringJob['state']): StatusError {
  return new StatusError(
    'FAILED_PRECONDITION',
    `The monitoring job "${job.name}" is in state ${job.state}, not ${state}.`,
  );
}
