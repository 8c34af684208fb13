import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import type { CheckKey, Warehouse } from '../boundaries.ts';
import { Code, StatusError } from '../status.ts';
import type { Endpoints } from './endpoints.ts';
import { type ListQuery, listPage } from './listing.ts';
import { mergeMonitoringJob } from './monitoring-job-update.ts';
import { checkMonitoringJob } from './monitoring-job-validation.ts';
import { newId, parseLocation } from './names.ts';
import { EMPTY, type Operation, type Operations } from './operations.ts';
import { ensureServingTable, servingTable } from './prediction-log.ts';
import { plain, ResourceStore } from './resource-store.ts';
import { checkEncryption } from './validation.ts';
import { durationMs, now, timestamp } from './values.ts';

type MonitoringJob = google.cloud.aiplatform.v1.IModelDeploymentMonitoringJob;

const HOUR_MS = 3600 * 1000;

export interface MonitoringDependencies {
  endpoints: Endpoints;
  operations: Operations;
  warehouse: Warehouse;
  checkKey: CheckKey;
}

/**
 * Model deployment monitoring: at most one job per endpoint. While a job runs, a sample of the endpoint's
 * predictions is logged to BigQuery.
 */
export class MonitoringJobs {
  readonly #store: ResourceStore<MonitoringJob>;
  readonly #dependencies: MonitoringDependencies;

  constructor(stateDir: string, dependencies: MonitoringDependencies) {
    this.#store = new ResourceStore(stateDir, 'monitoring-jobs');
    this.#dependencies = dependencies;
    for (const job of this.#store.all()) {
      if (job.state === 'JOB_STATE_PENDING') this.#prepare(job.name ?? '');
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
        this.#store.delete(name);
        const { modelDeploymentMonitoringJob: _deleted, ...endpoint } = endpoints.get(job.endpoint ?? '');
        endpoints.put(endpoint);
        return {};
      },
    });
  }

  pause(name: string): void {
    this.#switch(name, 'JOB_STATE_RUNNING', 'JOB_STATE_PAUSED');
  }

  resume(name: string): void {
    this.#switch(name, 'JOB_STATE_PAUSED', 'JOB_STATE_RUNNING');
  }

  #switch(name: string, from: MonitoringJob['state'], to: MonitoringJob['state']): void {
    const job = this.#store.get(name);
    if (job.state !== from) {
      throw new StatusError(
        'FAILED_PRECONDITION',
        `The monitoring job "${name}" is in state ${job.state}, not ${from}.`,
      );
    }
    this.#put({ ...job, state: to });
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
      this.#put({
        ...job,
        state: 'JOB_STATE_RUNNING',
        scheduleState: 'OFFLINE',
        nextScheduleTime: nextRun(job),
      });
    } else {
      const message = failure instanceof Error ? failure.message : String(failure);
      const code = failure instanceof StatusError ? failure.grpcCode : Code.INTERNAL;
      this.#put({ ...job, state: 'JOB_STATE_FAILED', error: { code, message } });
    }
  }

  #put(job: MonitoringJob): MonitoringJob {
    return this.#store.put({ ...job, updateTime: now() });
  }
}

/** The interval, rounded up to full hours, from now. */
function nextRun(job: MonitoringJob): google.protobuf.ITimestamp {
  const interval = durationMs(job.modelDeploymentMonitoringScheduleConfig?.monitorInterval) ?? HOUR_MS;
  return timestamp(Date.now() + Math.ceil(interval / HOUR_MS) * HOUR_MS);
}
