import { expect } from 'vitest';
import type { Tenant } from '../../events/index.ts';

/** Something that the handlers have created for a run or at its occasion. */
export interface Made {
  tenant: Tenant;
  what: string;
  key?: string | null;
  labels?: Record<string, string> | null;
}

interface VertexResource {
  encryptionSpec?: { kmsKeyName?: string | null } | null;
  labels?: Record<string, string> | null;
}

const parent = (tenant: Tenant) => `projects/baton-${tenant}/locations/us-central1`;

/** All that the handlers created in the local cloud's projects, in which one run was deployed and monitored. */
export async function whatTheRunMade(): Promise<Made[]> {
  return (await Promise.all([inBigQuery(), inDataflow(), inVertex()])).flat();
}

/** Of the queries, those of the handlers: Dataflow's loads are its own, and a test asks as the operator. */
async function inBigQuery(): Promise<Made[]> {
  const { BigQuery } = await import('@google-cloud/bigquery');
  const nonprod = new BigQuery({ projectId: 'baton-nonprod' });
  const dataset = nonprod.dataset('census');
  const [{ defaultEncryptionConfiguration, labels }] = await dataset.getMetadata();
  const [table] = await dataset.table('train').getMetadata();
  const [jobs] = await nonprod.getJobs({ allUsers: true });
  const queries = jobs.filter(({ metadata }) => /^settle@/.test(metadata.user_email));
  expect(queries.length).toBeGreaterThan(5);
  const [datasets] = await new BigQuery({ projectId: 'baton-prod' }).getDatasets();
  const [logs, ...others] = datasets.filter(({ id }) => id !== 'ledger');
  expect(others).toEqual([]);
  const [log] = await logs.getMetadata();
  return [
    { tenant: 'nonprod', what: 'dataset', key: defaultEncryptionConfiguration?.kmsKeyName, labels },
    {
      ...{ tenant: 'nonprod', what: 'training table' },
      ...{ key: table.encryptionConfiguration?.kmsKeyName, labels: table.labels },
    },
    ...queries.map(({ metadata }) => ({
      ...{ tenant: 'nonprod' as const, what: `query ${metadata.configuration.query.query.slice(0, 20)}` },
      labels: metadata.configuration.labels,
    })),
    { tenant: 'prod', what: 'log of predictions', key: log.defaultEncryptionConfiguration?.kmsKeyName },
  ];
}

async function inDataflow(): Promise<Made[]> {
  const { JobsV1Beta3Client } = await import('@google-cloud/dataflow');
  const client = new JobsV1Beta3Client();
  const place = { projectId: 'baton-nonprod', location: 'us-central1' };
  const [jobs] = await client.listJobs(place);
  expect(jobs).toHaveLength(2);
  const all = jobs.map(({ id }) => client.getJob({ ...place, jobId: id, view: 'JOB_VIEW_ALL' }));
  return (await Promise.all(all)).map(([{ id, environment, labels }]) => ({
    ...{ tenant: 'nonprod', what: `Dataflow job ${id}`, key: environment?.serviceKmsKeyName, labels },
  }));
}

async function inVertex(): Promise<Made[]> {
  // The whole package takes seconds to load.
  const [{ JobServiceClient }, { ModelServiceClient }, { EndpointServiceClient }] = await Promise.all([
    import('@google-cloud/aiplatform/build/src/v1/job_service_client.js'),
    import('@google-cloud/aiplatform/build/src/v1/model_service_client.js'),
    import('@google-cloud/aiplatform/build/src/v1/endpoint_service_client.js'),
  ]);
  const region = { apiEndpoint: 'us-central1-aiplatform.googleapis.com' };
  const jobs = new JobServiceClient(region);
  const [customJobs] = await jobs.listCustomJobs({ parent: parent('nonprod') });
  const [models] = await new ModelServiceClient(region).listModels({ parent: parent('prod') });
  const [endpoints] = await new EndpointServiceClient(region).listEndpoints({ parent: parent('prod') });
  const [monitoring] = await jobs.listModelDeploymentMonitoringJobs({ parent: parent('prod') });
  expect([customJobs, models, endpoints, monitoring].map(({ length }) => length)).toEqual([2, 1, 1, 1]);
  const made = (tenant: Tenant, what: string, resources: VertexResource[]): Made[] =>
    resources.map(({ encryptionSpec, labels }, index) => ({
      ...{ tenant, what: `${what} ${index + 1}`, key: encryptionSpec?.kmsKeyName, labels },
    }));
  return [
    ...made('nonprod', 'custom job', customJobs),
    ...made('prod', 'model', models),
    ...made('prod', 'endpoint', endpoints),
    ...made('prod', 'monitoring job', monitoring),
  ];
}
