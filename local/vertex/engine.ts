import type {
  Authorize,
  CheckKey,
  ContainerRuntime,
  Incident,
  LogSink,
  ObjectStore,
  TableReference,
  Warehouse,
} from '../boundaries.ts';

import { CustomJobs } from './custom-jobs.ts';
import { Deploying } from './deploying.ts';
import { Deployments } from './deployments.ts';
import { Endpoints } from './endpoints.ts';
import { Metadata } from './metadata/metadata.ts';
import { ModelEvaluations } from './model-evaluations.ts';
import { ModelRecords } from './model-records.ts';
import { Models } from './models.ts';
import { MonitoringJobs } from './monitoring-jobs.ts';
import { Operations } from './operations.ts';
import { Predictions } from './prediction.ts';
import { PredictionLog } from './prediction-log.ts';
import { ResponseCounts } from './response-counts.ts';

export interface VertexOptions {
  /** The local cloud's state folder; what is kept here goes to its `vertex`. */
  stateDir: string;
  objects: ObjectStore;
  containers: ContainerRuntime;
  warehouse: Warehouse;
  logs: LogSink;
  projectNumber: (project: string) => string;
  /** The IAM principal with which Vertex AI acts in a project. */
  agentOf?: (project: string) => string;
  /** Asked for predictions over REST and for monitoring; who may make a gRPC call is the server's to check. */
  authorize?: Authorize;
  /** Sends an incident to a Cloud Monitoring notification channel, by the channel's name. */
  notify?: (channel: string, incident: Incident) => void;
  /** How long an hour of a monitoring job's schedule is, in milliseconds; an hour unless said otherwise. */
  monitoringHourMs?: number;
  /** Asked for each job, model, endpoint, monitoring job and metadata store. */
  checkKey?: CheckKey;
}

/** The parts of the local Vertex AI, wired. */
export interface Engine {
  operations: Operations;
  objects: ObjectStore;
  records: ModelRecords;
  customJobs: CustomJobs;
  models: Models;
  modelEvaluations: ModelEvaluations;
  endpoints: Endpoints;
  deploying: Deploying;
  predictions: Predictions;
  responses: ResponseCounts;
  monitoringJobs: MonitoringJobs;
  metadata: Metadata;
  checkKey: CheckKey;
  close(): Promise<void>;
}

/** Reads the state of the last start, and brings its deployed models back in the background. */
export function createEngine(options: VertexOptions): Engine {
  const { stateDir, objects, warehouse, logs, checkKey = () => {}, notify = () => {} } = options;
  const operations = new Operations(stateDir);
  const records = new ModelRecords(stateDir);
  const endpoints = new Endpoints(stateDir, operations, checkKey);
  const modelEvaluations = new ModelEvaluations(stateDir, records);
  const monitoringJobs = new MonitoringJobs(stateDir, {
    ...{ endpoints, operations, objects, warehouse, checkKey, logs, notify },
    ...agentAccess(options),
    flushLog: () => log.flush(),
    hourMs: options.monitoringHourMs ?? 3600 * 1000,
    onFailure: (job, error) => logs.write(pipelineFailure(job, error)),
  });
  const customJobs = new CustomJobs(stateDir, operations, { ...options, checkKey });
  const deployments = new Deployments({ ...options, records });
  const log = new PredictionLog({
    warehouse,
    jobOf: ({ modelDeploymentMonitoringJob }) => {
      const job = monitoringJobs.find(modelDeploymentMonitoringJob ?? '');
      return job?.state === 'JOB_STATE_RUNNING' ? job : undefined;
    },
    onFailure: (endpoint, error) => logs.write(loggingFailure(endpoint, error)),
  });
  const responses = new ResponseCounts();
  for (const { name, deployedModels } of endpoints.all()) {
    for (const deployed of deployedModels ?? []) deployments.resume(name ?? '', deployed);
  }
  return {
    operations,
    objects,
    records,
    customJobs,
    modelEvaluations,
    endpoints,
    monitoringJobs,
    metadata: new Metadata(stateDir, operations, checkKey),
    checkKey,
    models: new Models({
      records,
      evaluations: modelEvaluations,
      operations,
      objects,
      deployments: (model, versionId) => endpoints.deploymentsOf(model, versionId),
    }),
    deploying: new Deploying({ endpoints, records, deployments, operations }),
    responses,
    predictions: new Predictions({ endpoints, records, deployments, log, responses }),
    close: async () => {
      await Promise.all([operations.close(), monitoringJobs.close()]);
      await Promise.all([customJobs.close(), deployments.close()]);
      await log.flush();
    },
  };
}

/** What Vertex AI's agent of a project needs for a monitoring job's runs, which nobody calls for. */
function agentAccess({ authorize = () => {}, agentOf = () => '' }: VertexOptions) {
  return {
    mayRead: (project: string, { projectId, datasetId, tableId }: TableReference) =>
      authorize({
        principal: agentOf(project),
        permission: 'bigquery.tables.getData',
        resource: `//bigquery.googleapis.com/projects/${projectId}/datasets/${datasetId}/tables/${tableId}`,
      }),
    mayWrite: (project: string, bucket: string) =>
      authorize({
        principal: agentOf(project),
        permission: 'storage.objects.create',
        resource: `//storage.googleapis.com/projects/_/buckets/${bucket}/objects/model_monitoring`,
      }),
  };
}

function pipelineFailure(job: string, error: unknown) {
  const [, project, , location, , id] = job.split('/');
  return {
    project,
    logName: `projects/${project}/logs/aiplatform.googleapis.com%2Fmodel_monitoring`,
    timestamp: new Date().toISOString(),
    severity: 'ERROR',
    resource: {
      type: 'aiplatform.googleapis.com/ModelDeploymentMonitoringJob',
      labels: { resource_container: `projects/${project}`, location, model_deployment_monitoring_job: id },
    },
    textPayload: `A run of ${job} failed: ${error instanceof Error ? error.message : String(error)}`,
  };
}

function loggingFailure(endpoint: string, error: unknown) {
  const [, project, , location, , endpointId] = endpoint.split('/');
  return {
    project,
    logName: `projects/${project}/logs/aiplatform.googleapis.com%2Fmodel_monitoring`,
    timestamp: new Date().toISOString(),
    severity: 'ERROR',
    resource: {
      type: 'aiplatform.googleapis.com/Endpoint',
      labels: { resource_container: project, location, endpoint_id: endpointId },
    },
    textPayload: `Predictions could not be logged: ${error instanceof Error ? error.message : String(error)}`,
  };
}
