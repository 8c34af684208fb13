import { Environment, readEnvironment } from './environment.ts';

/**
 * The Google clients, built as for production and on first use: each costs a cold start 15 to 900 ms, and no
 * handler needs them all. Vertex AI's clients are imported one by one, since the package's root loads them all.
 */
const once = /* @__NO_SIDE_EFFECTS__ */ <Client>(build: () => Promise<Client>) => {
  let client: Promise<Client> | undefined;
  return () => {
    client ??= build();
    return client;
  };
};

const environment = () => readEnvironment(Environment);
const vertexEndpoint = () => ({ apiEndpoint: `${environment().BATON_REGION}-aiplatform.googleapis.com` });

export const storage = once(async () => {
  const { Storage } = await import('@google-cloud/storage');
  return new Storage();
});

export const pubsub = once(async () => {
  const { PubSub } = await import('@google-cloud/pubsub');
  return new PubSub();
});

/** Given its project: without one, the client sends a literal `{{projectId}}` (google-cloud-node#9256). */
export const bigquery = once(async () => {
  const { BigQuery } = await import('@google-cloud/bigquery');
  return new BigQuery({ projectId: environment().GOOGLE_CLOUD_PROJECT });
});

export const dataflowTemplates = once(async () => {
  const { TemplatesServiceClient } = await import('@google-cloud/dataflow');
  return new TemplatesServiceClient();
});

export const dataflowJobs = once(async () => {
  const { JobsV1Beta3Client } = await import('@google-cloud/dataflow');
  return new JobsV1Beta3Client();
});

export const dataflowMessages = once(async () => {
  const { MessagesV1Beta3Client } = await import('@google-cloud/dataflow');
  return new MessagesV1Beta3Client();
});

export const vertexJobs = once(async () => {
  const { JobServiceClient } = await import('@google-cloud/aiplatform/build/src/v1/job_service_client.js');
  return new JobServiceClient(vertexEndpoint());
});

export const vertexModels = once(async () => {
  const { ModelServiceClient } = await import(
    '@google-cloud/aiplatform/build/src/v1/model_service_client.js'
  );
  return new ModelServiceClient(vertexEndpoint());
});

export const vertexMetadata = once(async () => {
  const { MetadataServiceClient } = await import(
    '@google-cloud/aiplatform/build/src/v1/metadata_service_client.js'
  );
  return new MetadataServiceClient(vertexEndpoint());
});

export const vertexEndpoints = once(async () => {
  const { EndpointServiceClient } = await import(
    '@google-cloud/aiplatform/build/src/v1/endpoint_service_client.js'
  );
  return new EndpointServiceClient(vertexEndpoint());
});

export const metrics = once(async () => {
  const { MetricServiceClient } = await import(
    '@google-cloud/monitoring/build/src/v3/metric_service_client.js'
  );
  return new MetricServiceClient();
});
