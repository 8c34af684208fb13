import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import { StatusError } from '../../status.ts';
import { ResourceStore } from '../resource-store.ts';
import { epochMs, timestamp } from '../values.ts';
import type { FeatureResult, Objective } from './pipeline.ts';
import type { Window } from './window.ts';

type V1 = typeof google.cloud.aiplatform.v1;
export type StatsSearch = NonNullable<
  Parameters<V1['SearchModelDeploymentMonitoringStatsAnomaliesRequest']['create']>[0]
>;
type StatsAnomalies = google.cloud.aiplatform.v1.IModelMonitoringStatsAnomalies;

/** One run of a job's pipeline: what it looked at, and what it found. */
export interface MonitoringRun {
  name: string;
  window: Window;
  results: FeatureResult[];
}

/** As many as a search answers of one feature. */
const KEPT_RUNS = 1000;

export const isAnomaly = ({ deviation, threshold }: FeatureResult): boolean => deviation > threshold;

/** The past runs of all monitoring jobs. */
export class MonitoringRuns {
  readonly #store: ResourceStore<MonitoringRun>;

  constructor(stateDir: string) {
    this.#store = new ResourceStore(stateDir, 'monitoring-runs');
  }

  latest(job: string): MonitoringRun | undefined {
    return this.#of(job).at(-1);
  }

  record(job: string, window: Window, results: FeatureResult[]): MonitoringRun {
    const run = this.#store.put({ name: `${job}/runs/${window.end}`, window, results });
    for (const { name } of this.#of(job).slice(0, -KEPT_RUNS)) this.#store.delete(name);
    return run;
  }

  forget(job: string): void {
    for (const { name } of this.#of(job)) this.#store.delete(name);
  }

  /** The statistics of a deployed model by objective and feature, oldest first, in one page. */
  search(request: StatsSearch): { monitoringStats: StatsAnomalies[]; nextPageToken: string } {
    const from = epochMs(request.startTime);
    const until = request.endTime ? epochMs(request.endTime) : Number.POSITIVE_INFINITY;
    const runs = this.#of(request.modelDeploymentMonitoringJob ?? '').filter(
      ({ window }) => window.end >= from && window.end <= until,
    );
    const found = runs.flatMap(({ window, results }) =>
      results
        .filter(
          ({ deployedModelId, feature }) =>
            deployedModelId === request.deployedModelId &&
            (!request.featureDisplayName || feature === request.featureDisplayName),
        )
        .map((result) => ({ window, result })),
    );
    const monitoringStats = (request.objectives ?? []).map(({ type }) => {
      const objective = objectiveOf(type);
      const ofObjective = found.filter(({ result }) => result.objective === objective);
      return statsOf(objective, request.deployedModelId ?? '', ofObjective);
    });
    return { monitoringStats, nextPageToken: '' };
  }

  #of(job: string): MonitoringRun[] {
    return this.#store.under(`${job}/runs`).sort((left, right) => left.window.end - right.window.end);
  }
}

/** By the number of `ModelDeploymentMonitoringObjectiveType`. */
const OBJECTIVES = new Map<unknown, Objective>([
  [1, 'RAW_FEATURE_SKEW'],
  [2, 'RAW_FEATURE_DRIFT'],
]);

/** Throws UNIMPLEMENTED for the objectives on feature attributions. */
function objectiveOf(type: unknown): Objective {
  const objective = OBJECTIVES.get(type);
  if (objective) return objective;
  throw new StatusError('UNIMPLEMENTED', `Statistics of the objective ${type} are not kept here.`);
}

type Found = { window: Window; result: FeatureResult };

function statsOf(objective: Objective, deployedModelId: string, found: Found[]): StatsAnomalies {
  const byFeature = Map.groupBy(found, ({ result }) => result.feature);
  return {
    objective,
    deployedModelId,
    anomalyCount: found.filter(({ result }) => isAnomaly(result)).length,
    featureStats: [...byFeature].map(([featureDisplayName, measured]) => ({
      featureDisplayName,
      threshold: { value: measured.at(-1)!.result.threshold },
      predictionStats: measured.map(({ window, result }) => ({
        distributionDeviation: result.deviation,
        anomalyDetectionThreshold: result.threshold,
        statsUri: result.statsUri,
        anomalyUri: result.anomalyUri,
        startTime: timestamp(window.start),
        endTime: timestamp(window.end),
      })),
    })),
  };
}
