import { createHash } from 'node:crypto';
import type { protos } from '@google-cloud/aiplatform';
import { z } from 'zod';
import { type Deployment, lockLabels } from './endpoint-lock.ts';
import { vertexEndpoints } from './runtime/clients.ts';
import { Environment, readEnvironment } from './runtime/environment.ts';
import { isAlreadyExists, isFailedPrecondition, lookUp } from './runtime/failure.ts';
import { labelsOfStage } from './runtime/labels.ts';
import type { Work } from './runtime/stage.ts';

export type Endpoint = protos.google.cloud.aiplatform.v1.IEndpoint;

const Settings = Environment.extend({
  BATON_ENDPOINT: z.string().min(1),
  BATON_TRAFFIC_SPLIT: z.coerce.number().int().min(1).max(100),
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
export async function createEndpoint(deployment: Deployment, work: Work): Promise<string | undefined> {
  const settings = readEnvironment(Settings);
  const client = await vertexEndpoints();
  const creation = client.createEndpoint({
    parent: location(settings),
    endpointId: settings.BATON_ENDPOINT,
    endpoint: {
      displayName: settings.BATON_ENDPOINT,
      labels: { ...labelsOfStage(work.environment, 'deploy'), ...lockLabels(deployment) },
      ...(settings.BATON_KMS_KEY && { encryptionSpec: { kmsKeyName: settings.BATON_KMS_KEY } }),
    },
  });
  return started(creation);
}

/** Deploys a version beside the one that serves most, or with all of the traffic where none serves. */
export async function deploy(
  endpoint: Endpoint,
  version: { id: string; model: string },
  work: Work,
): Promise<string | undefined> {
  const settings = readEnvironment(Settings);
  const client = await vertexEndpoints();
  const deployment = client.deployModel({
    endpoint: endpoint.name,
    deployedModel: {
      id: version.id,
      model: version.model,
      displayName: work.run,
      serviceAccount: settings.BATON_SERVING_SERVICE_ACCOUNT,
      dedicatedResources: {
        machineSpec: { machineType: settings.BATON_SERVE_MACHINE_TYPE },
        minReplicaCount: settings.BATON_MIN_REPLICAS,
        maxReplicaCount: settings.BATON_MAX_REPLICAS,
      },
    },
    trafficSplit: splitWithNewcomer(endpoint, settings.BATON_TRAFFIC_SPLIT),
  });
  return started(deployment);
}

/** Vertex AI calls the model being deployed `0`. */
export function splitWithNewcomer(endpoint: Endpoint, share: number): Record<string, number> {
  const current = servingMost(endpoint);
  return current ? { 0: share, [current]: 100 - share } : { 0: 100 };
}

/** The deployed model that gets the most of the traffic. */
export function servingMost(endpoint: Endpoint): string | undefined {
  const serving = Object.entries(endpoint.trafficSplit ?? {}).filter(([, share]) => share > 0);
  serving.sort(([, left], [, right]) => right - left);
  return serving[0]?.[0];
}

/** Deployed models that no traffic reaches any more, which are billed all the same. */
export function idleDeployments(endpoint: Endpoint, newcomer: string): string[] {
  return (endpoint.deployedModels ?? [])
    .map((deployed) => String(deployed.id))
    .filter((id) => id !== newcomer && !endpoint.trafficSplit?.[id]);
}

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
    // Vertex AI lets one operation at a time work on an endpoint.
    const isBusy = isFailedPrecondition(error) && /other operations running/i.test(String(error));
    if (isBusy || isAlreadyExists(error)) return undefined;
    throw error;
  }
}
