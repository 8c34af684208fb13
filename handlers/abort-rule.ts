import type { RolloutPlan } from '../events/index.ts';
import { findAnomalies } from './anomalies.ts';
import type { DeployedModel } from './endpoint.ts';
import type { Endpoint } from './endpoint-update.ts';
import { responsesOf } from './error-rate.ts';

/**
 * Why a rollout must go back, if it must: what was measured on the new version since it was deployed, by the rule of the
 * plan. It is read from the services and not from events, so that none that was lost or is late matters.
 */
export async function abortReason(
  rule: RolloutPlan['abort'],
  endpoint: Endpoint,
  newcomer: DeployedModel,
  now: Date,
): Promise<string | undefined> {
  const since = new Date(Number(newcomer.createTime?.seconds ?? 0) * 1000);
  return (
    (rule.drift && (await anomalyOf(endpoint, newcomer, since))) ||
    (await errorsOf(rule, endpoint, newcomer, since, now))
  );
}

async function anomalyOf(
  { modelDeploymentMonitoringJob: job }: Endpoint,
  { id }: DeployedModel,
  since: Date,
): Promise<string | undefined> {
  const [anomaly] = job ? await findAnomalies(job, [String(id)], since) : [];
  if (!anomaly) return undefined;
  const { statistic, feature, score, threshold, window } = anomaly;
  return `${statistic} of ${feature} is ${score.toFixed(4)} in the window until ${window.end}, above ${threshold}`;
}

async function errorsOf(
  { maxErrorRate, minRequests }: RolloutPlan['abort'],
  { name }: Endpoint,
  { id }: DeployedModel,
  since: Date,
  now: Date,
): Promise<string | undefined> {
  const { requests, errors } = await responsesOf(String(name), String(id), since, now);
  if (requests < minRequests || errors / requests <= maxErrorRate) return undefined;
  const share = ((100 * errors) / requests).toFixed(1);
  return `${errors} of ${requests} requests ended in a server error: ${share} %, above ${100 * maxErrorRate} %`;
}
