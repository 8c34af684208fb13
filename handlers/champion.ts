import type { protos } from '@google-cloud/aiplatform';
import { type Endpoint, servingMost } from './endpoint.ts';
import { findVersionAs } from './model-registry.ts';
import type { Environment } from './runtime/environment.ts';

type DeployedModel = protos.google.cloud.aiplatform.v1.IDeployedModel;

/** The alias by which everybody finds the version that serves. */
const CHAMPION = 'champion';

/**
 * The deployed model that has the alias `champion`, or where none has it, as at an endpoint that others have filled, the
 * one that serves most.
 */
export async function championAt(
  endpoint: Endpoint,
  environment: Environment,
): Promise<DeployedModel | undefined> {
  const champion = await findVersionAs(CHAMPION, environment);
  const most = servingMost(endpoint);
  const deployed = endpoint.deployedModels ?? [];
  return (
    (champion && deployed.find(({ modelVersionId }) => modelVersionId === champion.version)) ??
    deployed.find(({ id }) => id === most)
  );
}
