import { makeChampion } from './champion.ts';
import { type DeployedModel, idleModels, shareOf, undeploy } from './endpoint.ts';
import { type Endpoint, updateEndpoint } from './endpoint-update.ts';
import { watchDeployed } from './monitoring-job.ts';
import type { Environment } from './runtime/environment.ts';

/** How far it has come: an operation is under way, the endpoint has changed or is at work for others, or it is done. */
export type Conclusion = { kind: 'waiting'; operations: string[] } | { kind: 'done'; endpoint: Endpoint };

const waitFor = (...operations: string[]): Conclusion => ({ kind: 'waiting', operations });

/**
 * Makes one deployed model the only one: all of the traffic, the alias `champion`, nothing else deployed, and monitoring
 * that watches it alone. Traffic and alias move at once; the rest takes operations, each started by the call after the
 * one before it has ended. What is done already is left alone, so this may be called any number of times.
 */
export async function serveAlone(
  endpoint: Endpoint,
  { id, modelVersionId }: DeployedModel,
  environment: Environment,
): Promise<Conclusion> {
  const winner = String(id);
  const serving =
    shareOf(endpoint, winner) === 100
      ? endpoint
      : await updateEndpoint(endpoint, { trafficSplit: { [winner]: 100 } });
  if (!serving) return waitFor();
  await makeChampion(String(modelVersionId), environment);
  const [idle] = idleModels(serving);
  if (idle) {
    const operation = await undeploy(serving, idle);
    return operation ? waitFor(operation) : waitFor();
  }
  const operation = await watchDeployed(serving);
  return operation ? waitFor(operation) : { kind: 'done', endpoint: serving };
}
