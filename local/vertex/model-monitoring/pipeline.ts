import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import type { ObjectStore, TableReference, Warehouse } from '../../boundaries.ts';
import { tableOf } from '../monitoring-job-validation.ts';
import { parseName } from '../names.ts';
import { servingTable } from '../prediction-log.ts';
import { type FeatureKinds, kindsOfTable, readAnalysisSchema } from './analysis-schema.ts';
import { jensenShannonDivergence, lInfinityDistance } from './distances.ts';
import { type Distribution, distributionOf, type FeatureSource } from './distributions.ts';
import { anomalyFile, statisticsFile } from './statistics-files.ts';
import type { Window } from './window.ts';

type V1 = google.cloud.aiplatform.v1.IModelDeploymentMonitoringJob;
type ObjectiveConfig = google.cloud.aiplatform.v1.IModelDeploymentMonitoringObjectiveConfig;
type Thresholds = Record<string, google.cloud.aiplatform.v1.IThresholdConfig> | null | undefined;

export type Objective = 'RAW_FEATURE_SKEW' | 'RAW_FEATURE_DRIFT';

/** A feature of a deployed model in one window, measured against one objective's baseline. */
export interface FeatureResult {
  deployedModelId: string;
  objective: Objective;
  feature: string;
  deviation: number;
  threshold: number;
  statsUri?: string;
  anomalyUri?: string;
}

export interface PipelineDependencies {
  objects: ObjectStore;
  warehouse: Warehouse;
  /** Throws unless Vertex AI's agent of the project may read the table. */
  mayRead(project: string, table: TableReference): void;
  /** Throws unless Vertex AI's agent of the project may write to the bucket. */
  mayWrite(project: string, bucket: string): void;
}

/**
 * One run of a job's monitoring: for each deployed model, the features that have a threshold, in this window
 * against the training table (skew) and against the window before (drift).
 */
export class MonitoringPipeline {
  readonly #dependencies: PipelineDependencies;

  constructor(dependencies: PipelineDependencies) {
    this.#dependencies = dependencies;
  }

  async run(job: V1, window: Window, previous: Window | undefined): Promise<FeatureResult[]> {
    const results: FeatureResult[] = [];
    for (const config of job.modelDeploymentMonitoringObjectiveConfigs ?? []) {
      const kinds = await this.#kinds(job, config);
      const { skew, drift } = thresholdsOf(config, kinds);
      for (const feature of new Set([...skew.keys(), ...drift.keys()])) {
        const now = await this.#measure(servedIn(job, config, feature, window), kinds.get(feature));
        if (!now) continue;
        const measure = async (
          objective: Objective,
          threshold: number | undefined,
          source?: FeatureSource,
        ) => {
          const baseline = threshold && source && (await this.#measure(source, kinds.get(feature)));
          if (!threshold || !baseline) return;
          const deviation = distance(baseline, now);
          const result = {
            deployedModelId: config.deployedModelId ?? '',
            objective,
            feature,
            deviation,
            threshold,
          };
          results.push({ ...result, ...(await this.#write(job, window, result, now)) });
        };
        await measure('RAW_FEATURE_SKEW', skew.get(feature), this.#trainingSource(job, config, feature));
        const before = previous && servedIn(job, config, feature, previous);
        await measure('RAW_FEATURE_DRIFT', drift.get(feature), before);
      }
    }
    return results;
  }

  async #kinds({ analysisInstanceSchemaUri }: V1, config: ObjectiveConfig): Promise<FeatureKinds> {
    const { objects, warehouse } = this.#dependencies;
    if (analysisInstanceSchemaUri) return readAnalysisSchema(objects, analysisInstanceSchemaUri);
    const table = trainingTable(config);
    return table ? kindsOfTable(await warehouse.schema(table)) : new Map();
  }

  #measure(source: FeatureSource, kind: 'numeric' | 'categorical' = 'categorical') {
    return distributionOf(this.#dependencies.warehouse, source, kind);
  }

  #trainingSource(job: V1, config: ObjectiveConfig, feature: string): FeatureSource | undefined {
    const table = trainingTable(config);
    if (!table) return undefined;
    const { project } = parseName(job.name);
    this.#dependencies.mayRead(project, table);
    return { project, sql: `SELECT ${quoted(feature)} AS value FROM ${nameOf(table)}` };
  }

  /** Writes a feature's `stats` and `anomalies` under the job's base directory, where it has one. */
  async #write(
    job: V1,
    window: Window,
    result: Omit<FeatureResult, 'statsUri' | 'anomalyUri'>,
    distribution: Distribution,
  ): Promise<Pick<FeatureResult, 'statsUri' | 'anomalyUri'>> {
    const [, bucket, prefix] =
      /^gs:\/\/([^/]+)\/?(.*)$/.exec(job.statsAnomaliesBaseDirectory?.outputUriPrefix ?? '') ?? [];
    if (!bucket) return {};
    const { project, id } = parseName(job.name);
    const { deployedModelId, objective, feature, deviation, threshold } = result;
    const folder = [
      ...prefix.split('/').filter(Boolean),
      ...['model_monitoring', `job-${id}`, 'serving', new Date(window.end).toISOString()],
      ...['stats_and_anomalies', deployedModelId, objective.toLowerCase(), feature],
    ].join('/');
    const against = objective === 'RAW_FEATURE_SKEW' ? 'the training data' : 'the window before';
    this.#dependencies.mayWrite(project, bucket);
    const { objects } = this.#dependencies;
    await objects.write(bucket, `${folder}/stats`, statisticsFile(feature, distribution));
    const anomaly = anomalyFile(feature, distribution.kind, { deviation, threshold, against });
    await objects.write(bucket, `${folder}/anomalies`, anomaly);
    return { statsUri: `gs://${bucket}/${folder}/stats`, anomalyUri: `gs://${bucket}/${folder}/anomalies` };
  }
}

function distance(baseline: Distribution, now: Distribution): number {
  if (baseline.kind === 'numeric' && now.kind === 'numeric') {
    return jensenShannonDivergence(baseline.histogram, now.histogram);
  }
  if (baseline.kind === 'categorical' && now.kind === 'categorical') {
    return lInfinityDistance(baseline.frequencies, now.frequencies);
  }
  throw new Error('a feature is numeric on one side and categorical on the other');
}

/** Thresholds by feature; where a config names no feature, its default threshold holds for all but the label. */
function thresholdsOf({ objectiveConfig }: ObjectiveConfig, kinds: FeatureKinds) {
  const {
    trainingDataset,
    trainingPredictionSkewDetectionConfig: skew,
    predictionDriftDetectionConfig: drift,
  } = objectiveConfig ?? {};
  const features = [...kinds.keys()].filter((name) => name !== trainingDataset?.targetField);
  const byFeature = (
    named: Thresholds,
    common: google.cloud.aiplatform.v1.IThresholdConfig | null | undefined,
  ) => {
    const entries = Object.entries(named ?? {}).map(([name, { value }]) => [name, value ?? 0] as const);
    if (entries.length > 0 || !common?.value) return new Map(entries);
    return new Map(features.map((name) => [name, common.value ?? 0]));
  };
  return {
    skew: byFeature(skew?.skewThresholds, skew?.defaultSkewThreshold),
    drift: byFeature(drift?.driftThresholds, drift?.defaultDriftThreshold),
  };
}

/** A feature's logged values in a window; a prediction request logs one payload for each of its instances. */
function servedIn(job: V1, config: ObjectiveConfig, feature: string, { start, end }: Window): FeatureSource {
  const time = (ms: number) => `TIMESTAMP '${new Date(ms).toISOString()}'`;
  return {
    project: parseName(job.name).project,
    sql: `SELECT JSON_VALUE(payload, ${text(`$."${feature}"`)}) AS value
      FROM ${nameOf(servingTable(job.endpoint ?? ''))}, UNNEST(request_payload) AS payload
      WHERE deployed_model_id = ${text(config.deployedModelId ?? '')}
        AND logging_time >= ${time(start)} AND logging_time < ${time(end)}`,
  };
}

function trainingTable({ objectiveConfig }: ObjectiveConfig): TableReference | undefined {
  const uri = objectiveConfig?.trainingDataset?.bigquerySource?.inputUri;
  return uri ? tableOf(uri) : undefined;
}

const quoted = (name: string) => `\`${name.replaceAll('`', '')}\``;
const text = (value: string) => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const nameOf = ({ projectId, datasetId, tableId }: TableReference) =>
  `\`${projectId}.${datasetId}.${tableId}\``;
