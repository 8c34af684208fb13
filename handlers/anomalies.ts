import type { protos } from '@google-cloud/aiplatform';
import type { DriftDetected } from '../events/index.ts';
import { vertexJobs } from './runtime/clients.ts';

type Timestamp = protos.google.protobuf.ITimestamp | null | undefined;

/** A statistic of a feature beyond its threshold, in one monitoring window of one deployed model. */
export type Anomaly = Pick<
  DriftDetected,
  'deployedModelId' | 'feature' | 'statistic' | 'score' | 'threshold' | 'window'
>;

const STATISTICS = { skew: 'RAW_FEATURE_SKEW', drift: 'RAW_FEATURE_DRIFT' } as const;
type Statistic = keyof typeof STATISTICS;

/** What a monitoring job found in the windows that ended since, for the deployed models given. */
export async function findAnomalies(
  monitoringJob: string,
  deployedModelIds: string[],
  since: Date,
): Promise<Anomaly[]> {
  const asked = deployedModelIds.flatMap((deployedModelId) =>
    (['skew', 'drift'] as const).map((statistic) => ({ deployedModelId, statistic })),
  );
  const answers = await Promise.all(asked.map((one) => measuredSince(since, monitoringJob, one)));
  return answers.flat().filter(({ score, threshold }) => score > threshold);
}

/** Every feature's distance in every window, within its threshold or not. */
async function measuredSince(
  since: Date,
  modelDeploymentMonitoringJob: string,
  { deployedModelId, statistic }: { deployedModelId: string; statistic: Statistic },
): Promise<Anomaly[]> {
  const [stats] = await (await vertexJobs()).searchModelDeploymentMonitoringStatsAnomalies({
    modelDeploymentMonitoringJob,
    deployedModelId,
    objectives: [{ type: STATISTICS[statistic] }],
    startTime: { seconds: Math.floor(since.getTime() / 1000) },
  });
  const features = stats.flatMap(({ featureStats }) => featureStats ?? []);
  return features.flatMap(({ featureDisplayName, predictionStats }) =>
    (predictionStats ?? []).map((measured) => ({
      deployedModelId,
      statistic,
      feature: String(featureDisplayName),
      score: measured.distributionDeviation ?? 0,
      threshold: measured.anomalyDetectionThreshold ?? 0,
      window: { start: isoTime(measured.startTime), end: isoTime(measured.endTime) },
    })),
  );
}

const isoTime = (time: Timestamp) =>
  new Date(Number(time?.seconds ?? 0) * 1000 + Math.floor((time?.nanos ?? 0) / 1e6)).toISOString();
