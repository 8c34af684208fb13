import type { RunId, Tenant } from '../../events/index.ts';
import type { TestCloud } from './cloud.ts';

/** The folders of all runs in non-production's bucket. */
export async function runFolders({ storage, buckets }: TestCloud): Promise<string[]> {
  const [, , response] = await storage
    .bucket(buckets.nonprod)
    .getFiles({ prefix: 'runs/', delimiter: '/', autoPaginate: false });
  return (response as { prefixes?: string[] }).prefixes ?? [];
}

interface LedgerRow {
  id: string;
  type: string;
  run: string;
  attempt: number;
  copies: number;
  data: string;
}

/** What a tenant's ledger has of a run, oldest event first. */
export async function ledgerOf({ cloud }: TestCloud, tenant: Tenant, run: RunId): Promise<LedgerRow[]> {
  const { BigQuery } = await import('@google-cloud/bigquery');
  const [rows] = await new BigQuery({ projectId: cloud.output(tenant, 'project') }).query({
    query: `SELECT * FROM \`${cloud.output(tenant, 'ledger')}\` WHERE run = @run ORDER BY time, published`,
    params: { run },
  });
  return rows as LedgerRow[];
}

/** All that ML Metadata has, as it was last changed, and how many events the run's context has. */
export async function recordedLineage(run: RunId) {
  const { MetadataServiceClient } = await import(
    '@google-cloud/aiplatform/build/src/v1/metadata_service_client.js'
  );
  const client = new MetadataServiceClient({ apiEndpoint: 'us-central1-aiplatform.googleapis.com' });
  const parent = 'projects/baton-prod/locations/us-central1/metadataStores/default';
  const [contexts] = await client.listContexts({ parent });
  const [artifacts] = await client.listArtifacts({ parent });
  const [executions] = await client.listExecutions({ parent });
  const [graph] = await client.queryContextLineageSubgraph({ context: `${parent}/contexts/run-${run}` });
  return contexts.map((context) => ({ context, artifacts, executions, events: graph.events?.length }));
}

/** The versions of the model in production's registry. */
export async function modelVersions(): Promise<unknown[]> {
  const { ModelServiceClient } = await import(
    '@google-cloud/aiplatform/build/src/v1/model_service_client.js'
  );
  const client = new ModelServiceClient({ apiEndpoint: 'us-central1-aiplatform.googleapis.com' });
  const name = 'projects/baton-prod/locations/us-central1/models/census';
  const [versions] = await client.listModelVersions({ name });
  return versions.map(({ versionId }) => versionId);
}
