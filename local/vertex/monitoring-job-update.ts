import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import { StatusError } from '../status.ts';
import { camelCase } from './values.ts';

type MonitoringJob = google.cloud.aiplatform.v1.IModelDeploymentMonitoringJob;
type ObjectiveConfig = google.cloud.aiplatform.v1.IModelDeploymentMonitoringObjectiveConfig;

const OBJECTIVES = 'modelDeploymentMonitoringObjectiveConfigs';
const UPDATABLE = [
  'displayName',
  'modelDeploymentMonitoringScheduleConfig',
  'modelMonitoringAlertConfig',
  'loggingSamplingStrategy',
  'labels',
  'logTtl',
  'enableMonitoringPipelineLogs',
  OBJECTIVES,
];
const OBJECTIVE_PARTS = [
  'trainingDataset',
  'trainingPredictionSkewDetectionConfig',
  'predictionDriftDetectionConfig',
];

/**
 * The job with the masked fields of the change; `*` masks all that can be updated. A part of the objective
 * configs changes in those whose deployed model the change names. Throws INVALID_ARGUMENT for other fields.
 */
export function mergeMonitoringJob(job: MonitoringJob, change: MonitoringJob, mask: string[]): MonitoringJob {
  const paths = mask.includes('*') ? UPDATABLE : mask.map(camelCase);
  return paths.reduce((merged, path) => applyPath(merged, change, path), job);
}

function applyPath(job: MonitoringJob, change: MonitoringJob, path: string): MonitoringJob {
  if (UPDATABLE.includes(path)) return { ...job, [path]: Reflect.get(change, path) };
  const part = path.replace(`${OBJECTIVES}.objectiveConfig.`, '');
  if (part === path || !OBJECTIVE_PARTS.includes(part)) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      `The field "${path}" of a monitoring job can't be updated; ${UPDATABLE.join(', ')} can.`,
    );
  }
  const configs = (job[OBJECTIVES] ?? []).map((config) => withPart(config, change[OBJECTIVES] ?? [], part));
  return { ...job, [OBJECTIVES]: configs };
}

function withPart(config: ObjectiveConfig, changes: ObjectiveConfig[], part: string): ObjectiveConfig {
  const change = changes.find(({ deployedModelId }) => deployedModelId === config.deployedModelId);
  if (!change) return config;
  const value: unknown = Reflect.get(change.objectiveConfig ?? {}, part);
  return { ...config, objectiveConfig: { ...config.objectiveConfig, [part]: value } };
}
