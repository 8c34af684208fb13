import type {
  EndpointServiceClient,
  JobServiceClient,
  MetadataServiceClient,
  ModelServiceClient,
} from '@google-cloud/aiplatform';
import type { JobsV1Beta3Client } from '@google-cloud/dataflow';
import type { PubSub } from '@google-cloud/pubsub';
import type { Storage } from '@google-cloud/storage';
import type { Tenant } from '../events/index.ts';
import type { Environment } from './environments/environment.ts';

/** The Google clients that commands use, each imported and built when it is first needed. */
export interface Clients {
  storage(): Promise<Storage>;
  pubsub(tenant: Tenant): Promise<PubSub>;
  vertexJobs(region: string): Promise<JobServiceClient>;
  vertexModels(region: string): Promise<ModelServiceClient>;
  vertexEndpoints(region: string): Promise<EndpointServiceClient>;
  vertexMetadata(region: string): Promise<MetadataServiceClient>;
  dataflowJobs(): Promise<JobsV1Beta3Client>;
}

/** The clients of an environment. They look for credentials as Google's clients do; there is no other setting. */
export function clientsOf(environment: Environment): Clients {
  return {
    storage: once(async () => {
      const { Storage } = await import('@google-cloud/storage');
      return new Storage({ projectId: environment.nonprod.project });
    }),
    pubsub: once(async (tenant) => {
      const { PubSub } = await import('@google-cloud/pubsub');
      return new PubSub({ projectId: environment[tenant].project });
    }),
    vertexJobs: once(async (region) => {
      const { JobServiceClient } = await import(
        '@google-cloud/aiplatform/build/src/v1/job_service_client.js'
      );
      return new JobServiceClient(vertexIn(region));
    }),
    vertexModels: once(async (region) => {
      const { ModelServiceClient } = await import(
        '@google-cloud/aiplatform/build/src/v1/model_service_client.js'
      );
      return new ModelServiceClient(vertexIn(region));
    }),
    vertexEndpoints: once(async (region) => {
      const { EndpointServiceClient } = await import(
        '@google-cloud/aiplatform/build/src/v1/endpoint_service_client.js'
      );
      return new EndpointServiceClient(vertexIn(region));
    }),
    vertexMetadata: once(async (region) => {
      const { MetadataServiceClient } = await import(
        '@google-cloud/aiplatform/build/src/v1/metadata_service_client.js'
      );
      return new MetadataServiceClient(vertexIn(region));
    }),
    dataflowJobs: once(async () => {
      const { JobsV1Beta3Client } = await import('@google-cloud/dataflow');
      return new JobsV1Beta3Client();
    }),
  };
}

const vertexIn = (region: string) => ({ apiEndpoint: `${region}-aiplatform.googleapis.com` });

function once<Key extends string, Client>(build: (key: Key) => Promise<Client>) {
  const built = new Map<Key | undefined, Promise<Client>>();
  return (key?: Key): Promise<Client> => {
    let client = built.get(key);
    if (!client) {
      client = build(key as Key);
      built.set(key, client);
    }
    return client;
  };
}
