import { createHash } from 'node:crypto';
import type { protos } from '@google-cloud/aiplatform';
import { z } from 'zod';
import { type Holder, lockLabels } from './endpoint-lock.ts';
import { type Endpoint, isAtWork } from './endpoint-update.ts';
import { vertexEndpoints } from './runtime/clients.ts';
import { Environment, readEnvironment } from './runtime/environment.ts';
import { isAlreadyExists, lookUp } from './runtime/failure.ts';
import { labelsOfStage } from './runtime/labels.ts';
import type { Work } from './runtime/stage.ts';

export type DeployedModel = protos.google.cloud.aiplatform.v1.IDeployedModel;

const Settings = Environment.extend({
  BATON_ENDPOINT: z.string().min(1),
  BATON_SERVE_MACHINE_TYPE: z.string().min(1),
  BATON_MIN_REPLICAS: z.coerce.number().int().min(1),
  BATON_MAX_REPLICAS: z.coerce.number().int().min(1),
  BATON_SERVING_SERVICE_ACCOUNT: z.string().min(1),
});

/** The deployed-model id: ten digits that follow from run and attempt, so that a deploy repeated is one deploy. */
export function deployedModelIdOf({ run, attempt }: { run: string; attempt: number }): string {
  const digest = createHash('sha256').update(`${run}/${attempt}`).digest();
  return String(1_000_000_000n + (digest.readBigUInt64BE() % 9_000_000_000n));
}

const location = (environment: Environment) =>
  `projects/${environment.GOOGLE_CLOUD_PROJECT}/locations/${environment.BATON_REGION}`;

export function endpointName(): string {
  const settings = readEnvironment(Settings);
  return `${location(settings)}/endpoints/${settings.BATON_ENDPOINT}`;
}

export async function findEndpoint(): Promise<Endpoint | undefined> {
  const name = endpointName();
  return (await lookUp((await vertexEndpoints()).getEndpoint({ name })))?.[0];
}

/**
 * Creates the endpoint, held by this run from the first moment.
 *
 * @returns the long-running operation's name, as of the other steps below; `undefined` where the endpoint is at
 *   work for somebody else, or what is asked for is done
 */
export async function createEndpoint(holder: Holder, work: Work): Promise<string | undefined> {
  const settings = readEnvironment(Settings);
  const client = await vertexEndpoints();
  const creation = client.createEndpoint({
    parent: location(settings),
    endpointId: settings.BATON_ENDPOINT,
    endpoint: {
      displayName: settings.BATON_ENDPOINT,
      labels: { ...labelsOfStage(work.environment, 'deploy'), ...lockLabels(holder) },
      ...(settings.BATON_KMS_KEY && { encryptionSpec: { kmsKeyName: settings.BATON_KMS_KEY } }),
    },
  });
  return started(creation);
}

/**
 * Deploys a version of a run with a share of the traffic.
 *
 * @param trafficSplit of the endpoint once the version serves, in which Vertex AI calls that one `0`
 */
export async function deploy(
  endpoint: Endpoint,
  version: { id: string; model: string; run: string },
  trafficSplit: Record<string, number>,
): Promise<string | undefined> {
  const settings = readEnvironment(Settings);
  const client = await vertexEndpoints();
  const deployment = client.deployModel({
    endpoint: endpoint.name,
    deployedModel: {
      id: version.id,
      model: version.model,
      displayName: version.run,
      serviceAccount: settings.BATON_SERVING_SERVICE_ACCOUNT,
      dedicatedResources: {
        machineSpec: { machineType: settings.BATON_SERVE_MACHINE_TYPE },
        minReplicaCount: settings.BATON_MIN_REPLICAS,
        maxReplicaCount: settings.BATON_MAX_REPLICAS,
      },
    },
    trafficSplit,
  });
  return started(deployment);
}

/** A share for one deployed model, and the rest for another, where there is one. */
export const shared = (id: string, share: number, other: string | undefined): Record<string, number> =>
  other === undefined || share === 100 ? { [id]: 100 } : { [id]: share, [other]: 100 - share };

export const deployedModels = ({ deployedModels }: Endpoint): DeployedModel[] => deployedModels ?? [];

export const shareOf = ({ trafficSplit }: Endpoint, id: string): number => trafficSplit?.[id] ?? 0;

/** Deployed models that no traffic reaches any more, which are billed all the same. */
export const idleModels = (endpoint: Endpoint): string[] =>
  deployedModels(endpoint)
    .map(({ id }) => String(id))
    .filter((id) => shareOf(endpoint, id) === 0);

export async function undeploy(endpoint: Endpoint, deployedModelId: string): Promise<string | undefined> {
  const client = await vertexEndpoints();
  return started(client.undeployModel({ endpoint: endpoint.name, deployedModelId }));
}

async function started(
  request: Promise<[{ name?: string | null }, ...unknown[]]>,
): Promise<string | undefined> {
  try {
    const [operation] = await request;
    return String(operation.name);
  } catch (error) {
    if (isAtWork(error) || isAlreadyExists(error)) return undefined;
    throw error;
  }
}
