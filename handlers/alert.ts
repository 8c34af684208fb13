import type { z } from 'zod';
import { ContractViolation, DriftDetected, type Envelope, layout, RunId } from '../events/index.ts';
import { type Anomaly, findAnomalies } from './anomalies.ts';
import { findEndpoint } from './endpoint.ts';
import { findJob, type MonitoringJob } from './monitoring-job.ts';
import type { Environment } from './runtime/environment.ts';
import type { Logger } from './runtime/log.ts';
import { statObject, writeJson } from './runtime/objects.ts';
import { publish } from './runtime/outbox.ts';
import { serve } from './runtime/serve.ts';
import { childTrace } from './runtime/trace.ts';

/** How far back one alert makes us look: another that was lost or late is made good by the next within a day. */
const LOOK_BACK_MS = 24 * 3600 * 1000;

/**
 * Wakes for an alert of the endpoint's monitoring job, and publishes `drift-detected` for each feature that is beyond
 * its threshold. The alert is a signal only: what it says of features isn't documented, so what was measured is read
 * from Vertex AI.
 */
export const handle = serve(async (delivery, environment, log) => {
  if (delivery.kind !== 'alert') {
    throw new ContractViolation(
      `alert takes Cloud Monitoring's alerts, and got a delivery of kind ${delivery.kind}`,
    );
  }
  log(
    'INFO',
    `alert ${delivery.incident.incident_id ?? delivery.deliveryId}: ${delivery.incident.summary ?? ''}`,
  );
  const endpoint = await findEndpoint();
  const job = endpoint?.name && (await findJob(endpoint.name, environment));
  if (!job) {
    log('WARNING', 'there is no monitoring job that the alert could be of');
    return 'acknowledge';
  }
  const runs = new Map(
    (endpoint.deployedModels ?? []).map(({ id, displayName }) => [
      String(id),
      RunId.safeParse(displayName).data,
    ]),
  );
  const anomalies = await findAnomalies(
    String(job.name),
    [...runs.keys()],
    new Date(Date.now() - LOOK_BACK_MS),
  );
  for (const anomaly of anomalies)
    await tell(anomaly, job, runs.get(anomaly.deployedModelId), environment, log);
  return 'acknowledge';
});

/**
 * Publishes an anomaly that has not been published yet. That it was is recorded after, so a crash between the two
 * publishes it again, under the same id.
 */
async function tell(
  anomaly: Anomaly,
  job: MonitoringJob,
  run: RunId | undefined,
  environment: Environment,
  logger: Logger,
): Promise<void> {
  const { feature, statistic, score, threshold, deployedModelId } = anomaly;
  const what = `${statistic} of ${feature} is ${score.toFixed(4)}, above ${threshold}`;
  if (!run) {
    logger('WARNING', `deployed model ${deployedModelId} is of no run, so nobody is told that its ${what}`);
    return;
  }
  const event = eventOf(anomaly, job, run, environment);
  const record = layout.anomaly(event.id);
  if (await statObject(environment.BATON_BUCKET, record)) return;
  await publish(event, DriftDetected.name);
  await writeJson(environment.BATON_BUCKET, record, event, '0');
  logger.with({ run, traceparent: event.traceparent })('WARNING', `drift detected: ${what}`, {
    event: event.id,
  });
}

function eventOf(anomaly: Anomaly, job: MonitoringJob, run: RunId, environment: Environment): Envelope {
  const { deployedModelId, statistic, feature, window } = anomaly;
  const jobId = String(job.name).split('/').at(-1);
  return {
    specversion: '1.0',
    id: [jobId, window.end, deployedModelId, statistic, feature, DriftDetected.name].join('/'),
    source: `//baton.dev/projects/${environment.GOOGLE_CLOUD_PROJECT}/handlers/alert`,
    type: DriftDetected.type,
    time: window.end,
    subject: run,
    datacontenttype: 'application/json',
    correlationid: run,
    traceparent: childTrace(run, undefined),
    attempt: 1,
    data: {
      ...anomaly,
      model: environment.BATON_MODEL,
      monitoringJob: String(job.name),
      endpoint: String(job.endpoint),
    } satisfies z.infer<typeof DriftDetected.data>,
  };
}
