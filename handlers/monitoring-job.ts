import type { protos } from '@google-cloud/aiplatform';
import { z } from 'zod';
import { vertexJobs } from './runtime/clients.ts';
import { Environment, json, readEnvironment } from './runtime/environment.ts';
import type { Work } from './runtime/stage.ts';

export type MonitoringJob = protos.google.cloud.aiplatform.v1.IModelDeploymentMonitoringJob;
type Objective = protos.google.cloud.aiplatform.v1.IModelDeploymentMonitoringObjectiveConfig;

const Thresholds = z.record(z.string(), z.number().positive());

const Settings = Environment.extend({
  BATON_LABEL_COLUMN: z.string().min(1),
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
export async function findJob(endpoint: string, work: Work): Promise<MonitoringJob | undefined> {
  const [jobs] = await (await vertexJobs()).listModelDeploymentMonitoringJobs({ parent: parentOf(work) });
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

export async function createJob(
  endpoint: string,
  objectives: Objective[],
  work: Work,
): Promise<MonitoringJob> {
  const { BATON_MONITOR: monitor, BATON_MODEL: model, BATON_KMS_KEY: kmsKeyName } = readEnvironment(Settings);
  const [job] = await (await vertexJobs()).createModelDeploymentMonitoringJob({
    parent: parentOf(work),
    modelDeploymentMonitoringJob: {
      displayName: `${model}-monitoring`,
      endpoint,
      modelDeploymentMonitoringObjectiveConfigs: objectives,
      modelDeploymentMonitoringScheduleConfig: { monitorInterval: { seconds: monitor.intervalSeconds } },
      loggingSamplingStrategy: { randomSampleConfig: { sampleRate: monitor.samplingRate } },
      modelMonitoringAlertConfig: { emailAlertConfig: { userEmails: monitor.emails }, enableLogging: true },
      labels: { stage: 'monitor', model, env: work.environment.BATON_ENV },
      ...(kmsKeyName && { encryptionSpec: { kmsKeyName } }),
    },
  });
  return job;
}

/**
 * Replaces the job's objectives; nothing else of a job that watches a new model changes.
 *
 * @returns the long-running operation's name
 */
export async function updateObjectives(job: MonitoringJob, objectives: Objective[]): Promise<string> {
  const [operation] = await (await vertexJobs()).updateModelDeploymentMonitoringJob({
    modelDeploymentMonitoringJob: {
      name: job.name,
      displayName: job.displayName,
      endpoint: job.endpoint,
      loggingSamplingStrategy: job.loggingSamplingStrategy,
      modelDeploymentMonitoringScheduleConfig: job.modelDeploymentMonitoringScheduleConfig,
      modelDeploymentMonitoringObjectiveConfigs: objectives,
    },
    updateMask: { paths: ['model_deployment_monitoring_objective_configs'] },
  });
  return String(operation.name);
}

const asThresholds = (values: Record<string, number>) =>
  Object.fromEntries(Object.entries(values).map(([feature, value]) => [feature, { value }]));

const parentOf = ({ environment }: Work) =>
  `projects/${environment.GOOGLE_CLOUD_PROJECT}/locations/${environment.BATON_REGION}`;
