import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { GrpcModule, Incident, LogEntry, Warehouse } from '../../local/boundaries.ts';
import { createVertex, type Vertex } from '../../local/vertex/vertex.ts';
import { startServices, TEST_PROJECT } from './harness.ts';
import { MemoryObjects, MemoryWarehouse, ScriptContainers } from './vertex-stand-ins.ts';

export const LOCATION = `projects/${TEST_PROJECT}/locations/us-central1`;
export const IMAGES = `us-central1-docker.pkg.dev/${TEST_PROJECT}/images`;
export const MODEL_BUCKET = 'models';
export const KEY = `projects/${TEST_PROJECT}/locations/us-central1/keyRings/ring/cryptoKeys/key`;
export const OTHER_KEY = `projects/${TEST_PROJECT}/locations/us-central1/keyRings/ring/cryptoKeys/other`;

/** How long a condition may take on a busy machine. */
export const PATIENCE = { timeout: 60_000 };

export type VertexServices = Omit<Awaited<ReturnType<typeof startVertex>>, 'warehouse'>;

/** The local Vertex AI on stand-ins for all of its neighbours, and the official clients led to it. */
export const startVertex = (beside?: (vertex: Vertex) => GrpcModule) =>
  startVertexOn(() => new MemoryWarehouse(), beside);

/** The local Vertex AI on a warehouse, its other neighbours' stand-ins, and the official clients led to it. */
export async function startVertexOn<Tables extends Warehouse>(
  openWarehouse: (neighbours: { stateDir: string; objects: MemoryObjects }) => Tables | Promise<Tables>,
  /** A service that tells of what Vertex AI does. */
  beside?: (vertex: Vertex) => GrpcModule,
) {
  const stateDir = mkdtempSync(join(tmpdir(), 'baton-vertex-'));
  const objects = new MemoryObjects();
  const neighbours = {
    objects,
    containers: new ScriptContainers(),
    warehouse: await openWarehouse({ stateDir, objects }),
  };
  const notified: { channel: string; incident: Incident }[] = [];
  const logs: LogEntry[] = [];
  neighbours.objects.createBucket({ name: MODEL_BUCKET });
  await neighbours.objects.write(MODEL_BUCKET, 'runs/1/model/model.json', Buffer.from('{"trees":1}'));

  const serve = async () => {
    const vertex = createVertex({
      stateDir,
      ...neighbours,
      logs: { write: (entry) => logs.push(entry) },
      projectNumber: () => '123456',
      notify: (channel, incident) => notified.push({ channel, incident }),
    });
    const grpc = [vertex.grpc, ...(beside ? [beside(vertex)] : [])];
    const services = await startServices({ grpc, rest: [vertex.rest], stateDir });
    const clients = await connect();
    return { vertex, services, clients };
  };

  let running = await serve();
  const stop = async () => {
    await Promise.all(Object.values(running.clients).map((client) => client.close()));
    await running.vertex.close();
    await running.services.close();
  };
  return {
    ...neighbours,
    logs,
    notified,
    /** Runs a monitoring job's pipeline now. */
    runMonitoring: (job: string) => running.vertex.runMonitoring(job),
    get clients() {
      return running.clients;
    },
    /** Ends the local cloud, and starts it again on the same state. */
    restart: async () => {
      await stop();
      running = await serve();
    },
    close: async () => {
      await stop();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

async function connect() {
  const [jobs, models, endpoints, predictions, metadata] = await Promise.all([
    import('@google-cloud/aiplatform/build/src/v1/job_service_client.js'),
    import('@google-cloud/aiplatform/build/src/v1/model_service_client.js'),
    import('@google-cloud/aiplatform/build/src/v1/endpoint_service_client.js'),
    import('@google-cloud/aiplatform/build/src/v1/prediction_service_client.js'),
    import('@google-cloud/aiplatform/build/src/v1/metadata_service_client.js'),
  ]);
  const region = { apiEndpoint: 'us-central1-aiplatform.googleapis.com' };
  return {
    jobs: new jobs.JobServiceClient(region),
    models: new models.ModelServiceClient(region),
    endpoints: new endpoints.EndpointServiceClient(region),
    predictions: new predictions.PredictionServiceClient(region),
    metadata: new metadata.MetadataServiceClient(region),
  };
}

/** A worker pool of one replica that runs the `train` image. */
export function trainerPool(args: string[] = [], replicaCount = 1) {
  return {
    machineSpec: { machineType: 'n1-standard-4' },
    replicaCount,
    containerSpec: { imageUri: `${IMAGES}/train`, args },
  };
}

/** Waits until the job is in the state, and answers it. */
export async function jobIn(services: VertexServices, name: string, state: string) {
  return expect
    .poll(async () => (await services.clients.jobs.getCustomJob({ name }))[0].state, PATIENCE)
    .toBe(state);
}

/** Uploads the `serve` model, or a version of it, and answers its name with the version. */
export async function uploadModel(
  services: VertexServices,
  request: {
    modelId?: string;
    parentModel?: string;
    image?: string;
    args?: string[];
    versionAliases?: string[];
    kmsKeyName?: string;
  } = {},
): Promise<string> {
  const { image = 'serve', args = [], versionAliases = [], kmsKeyName, ...target } = request;
  const [operation] = await services.clients.models.uploadModel({
    parent: LOCATION,
    ...target,
    model: {
      displayName: 'census',
      artifactUri: `gs://${MODEL_BUCKET}/runs/1/model/`,
      containerSpec: {
        imageUri: `${IMAGES}/${image}`,
        args,
        predictRoute: '/predict',
        healthRoute: '/health',
      },
      versionAliases,
      ...(kmsKeyName ? { encryptionSpec: { kmsKeyName } } : {}),
    },
  });
  const [response] = await operation.promise();
  return `${response.model}@${response.modelVersionId}`;
}

export async function createEndpoint(
  services: VertexServices,
  endpointId: string,
  kmsKeyName?: string,
): Promise<string> {
  const [operation] = await services.clients.endpoints.createEndpoint({
    parent: LOCATION,
    endpointId,
    endpoint: { displayName: endpointId, ...(kmsKeyName ? { encryptionSpec: { kmsKeyName } } : {}) },
  });
  const [endpoint] = await operation.promise();
  return endpoint.name ?? '';
}

/** Deploys a model, and answers the deployed model. */
export async function deploy(
  services: VertexServices,
  endpoint: string,
  deployment: { model: string; id?: string; trafficSplit?: Record<string, number> },
) {
  const { model, id, trafficSplit } = deployment;
  const [operation] = await services.clients.endpoints.deployModel({
    endpoint,
    deployedModel: {
      model,
      id,
      dedicatedResources: {
        machineSpec: { machineType: 'n1-standard-2' },
        minReplicaCount: 1,
        maxReplicaCount: 2,
      },
    },
    trafficSplit,
  });
  const [response] = await operation.promise();
  return response.deployedModel;
}
