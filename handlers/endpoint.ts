import { createHash } from 'node:crypto';
import type { protos } from '@google-cloud/aiplatform';
import { z } from 'zod';
import { vertexEndpoints } from './runtime/clients.ts';
import { Environment, readEnvironment } from './runtime/environment.ts';
import { lookUp } from './runtime/failure.ts';
import type { Work } from './runtime/stage.ts';

type Endpoint = protos.google.cloud.aiplatform.v1.IEndpoint;

const Settings = Environment.extend({
  BATON_ENDPOINT: z.string().min(1),
  BATON_TRAFFIC_SPLIT: z.coerce.number().int().min(1).max(100),
  BATON_SERVE_MACHINE_TYPE: z.string().min(1),
  BATON_MIN_REPLICAS: z.coerce.number().int().min(1),
  BATON_MAX_REPLICAS: z.coerce.number().int().min(1),
  BATON_SERVING_SERVICE_ACCOUNT: z.string().min(1),
});

/** The run's deployed-model id: ten digits that follow from the run, so that a deploy repeated is one deploy. */
export function deployedModelIdOf(run: string): string {
  const digest = createHash('sha256').update(run).digest();
  return String(1_000_000_000n + (digest.readBigUInt64BE() % 9_000_000_000n));
}

const location = (environment: Environment) =>
  `projects/${environment.GOOGLE_CLOUD_PROJECT}/locations/${environment.BATON_REGION}`;

export async function findEndpoint(): Promise<Endpoint | undefined> {
  const settings = readEnvironment(Settings);
  const name = `${location(settings)}/endpoints/${settings.BATON_ENDPOINT}`;
  return (await lookUp((await vertexEndpoints()).getEndpoint({ name })))?.[0];
}

/** @returns the long-running operation's name, as of the other steps below */
export async function createEndpoint(work: Work): Promise<string> {
  const settings = readEnvironment(Settings);
  const [operation] = await (await vertexEndpoints()).createEndpoint({
    parent: location(settings),
    endpointId: settings.BATON_ENDPOINT,
    endpoint: {
      displayName: settings.BATON_ENDPOINT,
      labels: { stage: 'deploy', model: settings.BATON_MODEL, env: work.environment.BATON_ENV },
      ...(settings.BATON_KMS_KEY && { encryptionSpec: { kmsKeyName: settings.BATON_KMS_KEY } }),
    },
  });
  return String(operation.name);
}

/** Deploys a version beside the one that serves most, or with all of the traffic where none serves. */
export async function deploy(
  endpoint: Endpoint,
  version: { id: string; model: string },
  work: Work,
): Promise<string> {
  const settings = readEnvironment(Settings);
  const [operation] = await (await vertexEndpoints()).deployModel({
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
  return String(operation.name);
}

/** Vertex AI calls the model being deployed `0`. */
export function splitWithNewcomer(endpoint: Endpoint, share: number): Record<string, number> {
  const current = servingMost(endpoint);
  return current ? { 0: share, [current]: 100 - share } : { 0: 100 };
}

function servingMost(endpoint: Endpoint): string | undefined {
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

export async function undeploy(endpoint: Endpoint, deployedModelId: string): Promise<string> {
  const [operation] = await (await vertexEndpoints()).undeployModel({
    endpoint: endpoint.name,
    deployedModelId,
  });
  return String(operation.name);
}
