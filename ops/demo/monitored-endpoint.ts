import { setTimeout as delay } from 'node:timers/promises';
import type { Storage } from '@google-cloud/storage';
import { z } from 'zod';
import { Deployed, DriftDetected, Envelope, Monitored, parseEvent } from '../../events/index.ts';
import type { Buckets, RunView } from '../runs/run-view.ts';

const POLL_MS = 200;

/** A model in production, and the job that watches it. */
export interface MonitoredEndpoint {
  endpoint: string;
  deployedModelId: string;
  monitoringJob: string;
}

/** What a run left in production. @throws Error for a run that is not monitored */
export function endpointOf(view: RunView): MonitoredEndpoint {
  const find = (type: string) => view.stages.find(({ event }) => event?.type === type)?.event;
  const [deployed, monitored] = [find(Deployed.type), find(Monitored.type)];
  if (!deployed || !monitored)
    throw new Error(`run ${view.run} ended ${view.state}, so nothing is monitored`);
  const { endpoint, deployedModelId } = parseEvent(Deployed, deployed).data;
  return { endpoint, deployedModelId, monitoringJob: parseEvent(Monitored, monitored).data.monitoringJob };
}

/** A feature's distance in the last monitored window, and the most that is allowed. */
export interface Score {
  feature: string;
  statistic: 'skew' | 'drift';
  score: number;
  threshold: number;
}

/** What the last run of monitoring measured, as Vertex AI answers it. */
export async function lastScores({ monitoringJob, deployedModelId }: MonitoredEndpoint): Promise<Score[]> {
  const { JobServiceClient } = await import('@google-cloud/aiplatform/build/src/v1/job_service_client.js');
  const [, , , location] = monitoringJob.split('/');
  const client = new JobServiceClient({ apiEndpoint: `${location}-aiplatform.googleapis.com` });
  try {
    const [[skew], [drift]] = await Promise.all(
      (['RAW_FEATURE_SKEW', 'RAW_FEATURE_DRIFT'] as const).map(async (type) => {
        const request = {
          modelDeploymentMonitoringJob: monitoringJob,
          deployedModelId,
          objectives: [{ type }],
        };
        return (await client.searchModelDeploymentMonitoringStatsAnomalies(request))[0];
      }),
    );
    return [
      { statistic: 'skew' as const, stats: skew },
      { statistic: 'drift' as const, stats: drift },
    ].flatMap(({ statistic, stats }) =>
      (stats.featureStats ?? []).map(({ featureDisplayName, predictionStats }) => ({
        feature: String(featureDisplayName),
        statistic,
        score: predictionStats?.at(-1)?.distributionDeviation ?? 0,
        threshold: predictionStats?.at(-1)?.anomalyDetectionThreshold ?? 0,
      })),
    );
  } finally {
    await client.close();
  }
}

/** The `drift-detected` events that production has published, and the runs that non-production answered with. */
export async function consequences(storage: Storage, buckets: Buckets) {
  const read = async <Schema extends z.ZodType>(bucket: string, prefix: string, schema: Schema) => {
    const [files] = await storage.bucket(bucket).getFiles({ prefix });
    return Promise.all(
      files.map(async (file) => schema.parse(JSON.parse(String((await file.download())[0])))),
    );
  };
  const [events, retrainings] = await Promise.all([
    read(buckets.prod, 'anomalies/', Envelope),
    read(buckets.nonprod, 'retraining/', z.object({ request: Envelope })),
  ]);
  return {
    drifts: events.map((event) => parseEvent(DriftDetected, event)),
    runs: retrainings.map(({ request }) => request.correlationid),
  };
}

/** Asks until there is an answer. @throws Error when there is none in time */
export async function until<Answer>(
  what: string,
  timeoutMs: number,
  ask: () => Promise<Answer | undefined>,
): Promise<Answer> {
  for (const deadline = Date.now() + timeoutMs; ; ) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`${what} did not come within ${timeoutMs / 1000} s`);
    await delay(POLL_MS);
  }
}
