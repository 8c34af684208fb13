import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import type { TableReference, Warehouse } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import { deployedModelIds } from './endpoints.ts';
import { checkDisplayName, checkLabels } from './validation.ts';
import { durationMs } from './values.ts';

type Endpoint = google.cloud.aiplatform.v1.IEndpoint;
type MonitoringJob = google.cloud.aiplatform.v1.IModelDeploymentMonitoringJob;
type ThresholdConfig = google.cloud.aiplatform.v1.IThresholdConfig;

/**
 * Throws INVALID_ARGUMENT for a job that Vertex AI would refuse, NOT_FOUND for a deployed model or a training
 * table that isn't there.
 */
export async function checkMonitoringJob(
  job: MonitoringJob,
  known: { endpoint: Endpoint; warehouse: Warehouse },
): Promise<void> {
  checkDisplayName(job.displayName);
  checkLabels(job.labels);
  const sampleRate = job.loggingSamplingStrategy?.randomSampleConfig?.sampleRate ?? 0;
  if (!(sampleRate > 0 && sampleRate <= 1)) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      `logging_sampling_strategy.random_sample_config.sample_rate must be in (0, 1], got ${sampleRate}.`,
    );
  }
  const interval = durationMs(job.modelDeploymentMonitoringScheduleConfig?.monitorInterval) ?? 0;
  if (interval <= 0) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      'model_deployment_monitoring_schedule_config.monitor_interval must be longer than zero.',
    );
  }
  for (const config of job.modelDeploymentMonitoringObjectiveConfigs ?? []) {
    await checkObjective(config, known);
  }
}

async function checkObjective(
  config: google.cloud.aiplatform.v1.IModelDeploymentMonitoringObjectiveConfig,
  { endpoint, warehouse }: { endpoint: Endpoint; warehouse: Warehouse },
): Promise<void> {
  const id = config.deployedModelId ?? '';
  if (!deployedModelIds(endpoint).includes(id)) {
    throw new StatusError(
      'NOT_FOUND',
      `The endpoint "${endpoint.name}" has no deployed model with the id "${id}", which an objective config names.`,
    );
  }
  const objective = config.objectiveConfig;
  const skew = objective?.trainingPredictionSkewDetectionConfig;
  const drift = objective?.predictionDriftDetectionConfig;
  checkThresholds(id, { ...skew?.skewThresholds, ...drift?.driftThresholds });
  const dataset = objective?.trainingDataset;
  if (skew && !dataset) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      `The skew detection of deployed model ${id} needs a training_dataset.`,
    );
  }
  const uri = dataset?.bigquerySource?.inputUri;
  if (uri) await warehouse.schema(tableOf(uri));
}

function checkThresholds(id: string, thresholds: Record<string, ThresholdConfig>): void {
  for (const [feature, { value }] of Object.entries(thresholds)) {
    if (!(value && value > 0)) {
      throw new StatusError(
        'INVALID_ARGUMENT',
        `The threshold of "${feature}" of deployed model ${id} must be greater than zero, got ${value ?? 'none'}.`,
      );
    }
  }
}

/** The table that `bq://project.dataset.table` names. Throws INVALID_ARGUMENT. */
export function tableOf(uri: string): TableReference {
  const match = /^bq:\/\/([^.]+)\.([^.]+)\.([^.]+)$/.exec(uri);
  if (!match) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      `Invalid training table "${uri}": expected bq://project.dataset.table.`,
    );
  }
  return { projectId: match[1], datasetId: match[2], tableId: match[3] };
}
