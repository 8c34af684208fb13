import type { protos } from '@google-cloud/aiplatform';
import { z } from 'zod';
import { gcsUri, json, layout } from '../events/index.ts';
import { writeAnalysisSchema } from './analysis-schema.ts';
import type { Endpoint } from './endpoint-update.ts';
import { vertexJobs } from './runtime/clients.ts';
import { Environment, readEnvironment } from './runtime/environment.ts';
import { labelsOfStage } from './runtime/labels.ts';

export type MonitoringJob = protos.google.cloud.aiplatform.v1.IModelDeploymentMonitoringJob;
type Objective = protos.google.cloud.aiplatform.v1.IModelDeploymentMonitoringObjectiveConfig;

const Thresholds = z.record(z.string(), z.number().positive());

const Settings = Environment.extend({
  BATON_LABEL_COLUMN: z.string().min(1),
  /** The Cloud Monitoring notification channel, `projects/P/notificationChannels/N`, that alerts go to. */
  BATON_NOTIFICATION_CHANNEL: z.string().min(1),
  BATON_MONITOR: json(
    z.object({
      /** Largest allowed distance per feature between the training table and what is served. */
      skew: Thresholds,
      /** The same between one monitoring window and the one before. */
      drift: Thresholds,
      samplingRate: z.number().gt(0).max(1),
      intervalSeconds: z.number().int().min(3600),
      emails: z.array(z.email()),
    }),
  ),
});

/** The endpoint's monitoring job, if it has one. */
export async function findJob(
  endpoint: string,
  environment: Environment,
): Promise<MonitoringJob | undefined> {
  const parent = parentOf(environment);
  const [jobs] = await (await vertexJobs()).listModelDeploymentMonitoringJobs({ parent });
  return jobs.find((job) => job.endpoint === endpoint);
}

/** One objective per deployed model, each against the training table. */
export function objectivesFor(deployedModelIds: string[], trainTable: string): Objective[] {
  const { BATON_MONITOR: monitor, BATON_LABEL_COLUMN: targetField } = readEnvironment(Settings);
  return deployedModelIds.map((deployedModelId) => ({
    deployedModelId,
    objectiveConfig: {
      trainingDataset: { bigquerySource: { inputUri: `bq://${trainTable}` }, targetField },
      trainingPredictionSkewDetectionConfig: { skewThresholds: asThresholds(monitor.skew) },
      predictionDriftDetectionConfig: { driftThresholds: asThresholds(monitor.drift) },
    },
  }));
}

/** Creates the endpoint's job, everything that it keeps under the key, its statistics in the bucket. */
export async function createJob(
  endpoint: string,
  objectives: Objective[],
  trainTable: string,
): Promise<MonitoringJob> {
  const settings = readEnvironment(Settings);
  const { BATON_MODEL: model, BATON_KMS_KEY: kmsKeyName, BATON_BUCKET: bucket } = settings;
  const analysisInstanceSchemaUri = await writeAnalysisSchema(
    trainTable,
    settings.BATON_LABEL_COLUMN,
    settings,
  );
  const [job] = await (await vertexJobs()).createModelDeploymentMonitoringJob({
    parent: parentOf(settings),
    modelDeploymentMonitoringJob: {
      displayName: `${model}-monitoring`,
      endpoint,
      ...watching(objectives),
      analysisInstanceSchemaUri,
      statsAnomaliesBaseDirectory: { outputUriPrefix: gcsUri(bucket, layout.monitoringPrefix) },
      labels: labelsOfStage(settings, 'monitor'),
      ...(kmsKeyName && { encryptionSpec: { kmsKeyName } }),
    },
  });
  return job;
}

/**
 * Makes a standing job watch other models, and watch as the config now says. Key, endpoint and analysis schema can't
 * change.
 *
 * @returns the long-running operation's name
 */
export async function updateJob(job: MonitoringJob, objectives: Objective[]): Promise<string> {
  const [operation] = await (await vertexJobs()).updateModelDeploymentMonitoringJob({
    modelDeploymentMonitoringJob: {
      name: job.name,
      displayName: job.displayName,
      endpoint: job.endpoint,
      ...watching(objectives),
    },
    updateMask: {
      paths: [
        'model_deployment_monitoring_objective_configs',
        'model_deployment_monitoring_schedule_config',
        'logging_sampling_strategy',
        'model_monitoring_alert_config',
      ],
    },
  });
  return String(operation.name);
}

/**
 * Makes the endpoint's job, if it has one, watch the models that are deployed there now, against the table that it
 * measures against already.
 *
 * @returns the long-running operation's name; `undefined` where there is nothing to change
 */
export async function watchDeployed(endpoint: Endpoint): Promise<string | undefined> {
  const { modelDeploymentMonitoringJob: name, deployedModels } = endpoint;
  if (!name) return undefined;
  const [job] = await (await vertexJobs()).getModelDeploymentMonitoringJob({ name });
  const watched = job.modelDeploymentMonitoringObjectiveConfigs ?? [];
  const deployed = (deployedModels ?? []).map(({ id }) => String(id));
  const ids = new Set(watched.map(({ deployedModelId }) => String(deployedModelId)));
  if (ids.size === deployed.length && deployed.every((id) => ids.has(id))) return undefined;
  const baseline = watched[0]?.objectiveConfig?.trainingDataset?.bigquerySource?.inputUri ?? '';
  return updateJob(job, objectivesFor(deployed, baseline.replace('bq://', '')));
}

/** What is watched, how often, on how many predictions, and who is told. */
function watching(objectives: Objective[]) {
  const { BATON_MONITOR: monitor, BATON_NOTIFICATION_CHANNEL: channel } = readEnvironment(Settings);
  return {
    modelDeploymentMonitoringObjectiveConfigs: objectives,
    modelDeploymentMonitoringScheduleConfig: { monitorInterval: { seconds: monitor.intervalSeconds } },
    loggingSamplingStrategy: { randomSampleConfig: { sampleRate: monitor.samplingRate } },
    modelMonitoringAlertConfig: {
      emailAlertConfig: { userEmails: monitor.emails },
      notificationChannels: [channel],
      enableLogging: true,
    },
  };
}

const asThresholds = (values: Record<string, number>) =>
  Object.fromEntries(Object.entries(values).map(([feature, value]) => [feature, { value }]));

const parentOf = ({ GOOGLE_CLOUD_PROJECT: project, BATON_REGION: region }: Environment) =>
  `projects/${project}/locations/${region}`;
