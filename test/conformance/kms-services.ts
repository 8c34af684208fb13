import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { BigQueryEngine } from '../../local/bigquery/engine.ts';
import { bigqueryRest } from '../../local/bigquery/rest.ts';
import { DataflowEngine } from '../../local/dataflow/engine.ts';
import { dataflowGrpc } from '../../local/dataflow/grpc.ts';
import { KeyManagement } from '../../local/kms/key-management.ts';
import { PubSub as Broker } from '../../local/pubsub/broker.ts';
import { pubsubGrpc } from '../../local/pubsub/grpc.ts';
import { storageRest } from '../../local/storage/rest.ts';
import { ResumableUploads } from '../../local/storage/resumable-uploads.ts';
import { StorageEngine } from '../../local/storage/storage-engine.ts';
import { createVertex } from '../../local/vertex/vertex.ts';
import { startServices, TEST_PROJECT } from './harness.ts';
import { ScriptContainers } from './vertex-stand-ins.ts';

export const REGION = 'us-central1';
export const PROJECT_NUMBER = '123456';
const keyIn = (location: string, key: string) =>
  `projects/keys/locations/${location}/keyRings/ring/cryptoKeys/${key}`;
/** Every agent may encrypt with this one. */
export const KEY = keyIn(REGION, 'granted');
/** Nobody may encrypt with this one. */
export const UNGRANTED = keyIn(REGION, 'ungranted');
/** Every agent may, but it is not in the region. */
export const ELSEWHERE = keyIn('europe-west4', 'granted');

const AGENTS = [
  `bq-${PROJECT_NUMBER}@bigquery-encryption`,
  ...[
    'compute-system',
    'dataflow-service-producer-prod',
    'gcp-sa-aiplatform',
    'gcp-sa-pubsub',
    'gs-project-accounts',
  ].map((agent) => `service-${PROJECT_NUMBER}@${agent}`),
];

export type KeyedServices = Awaited<ReturnType<typeof startKeyedServices>>;

/** Every service that keys can encrypt something of, in a project where all need one, and the official clients. */
export async function startKeyedServices() {
  const stateDir = mkdtempSync(join(tmpdir(), 'baton-kms-'));
  const projectNumber = () => PROJECT_NUMBER;
  const keys = new KeyManagement({ projectNumber });
  keys.requireKeys(TEST_PROJECT);
  for (const key of [KEY, ELSEWHERE]) {
    for (const agent of AGENTS) {
      const member = `serviceAccount:${agent}.iam.gserviceaccount.com`;
      keys.grant(key, 'roles/cloudkms.cryptoKeyEncrypterDecrypter', member);
    }
  }
  const logs = { write: () => {} };
  const objects = new StorageEngine({ stateDir, checkKey: keys.checkerOf('storage.googleapis.com') });
  const warehouse = await BigQueryEngine.open({
    ...{ stateDir, objects },
    checkKey: keys.checkerOf('bigquery.googleapis.com'),
  });
  const broker = new Broker({
    stateDir,
    transport: { identityToken: async () => '', post: async () => ({ status: 503 }) },
    checkKey: keys.checkerOf('pubsub.googleapis.com'),
  });
  const dataflow = new DataflowEngine({
    ...{ stateDir, objects, warehouse, logs },
    checkKey: keys.checkerOf('dataflow.googleapis.com'),
  });
  const vertex = createVertex({
    ...{ stateDir, objects, warehouse, logs, projectNumber },
    containers: new ScriptContainers(),
    checkKey: keys.checkerOf('aiplatform.googleapis.com'),
  });
  const services = await startServices({
    grpc: [pubsubGrpc(broker), dataflowGrpc(dataflow), vertex.grpc],
    rest: [
      storageRest(objects, new ResumableUploads(objects, stateDir)),
      bigqueryRest(warehouse),
      vertex.rest,
    ],
    stateDir,
  });
  const clients = await connect();
  return {
    ...clients,
    keys,
    close: async () => {
      await Promise.all(
        [clients.pubsub, clients.templates, ...Object.values(clients.vertex)].map((it) => it.close()),
      );
      await Promise.all([vertex.close(), dataflow.close()]);
      await services.close();
      broker.close();
      await warehouse.close();
      objects.close();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

async function connect() {
  const { BigQuery } = await import('@google-cloud/bigquery');
  const { TemplatesServiceClient } = await import('@google-cloud/dataflow');
  const { PubSub } = await import('@google-cloud/pubsub');
  const { Storage } = await import('@google-cloud/storage');
  const vertex = await import('@google-cloud/aiplatform');
  const region = { apiEndpoint: `${REGION}-aiplatform.googleapis.com` };
  return {
    bigquery: new BigQuery({ projectId: TEST_PROJECT }),
    templates: new TemplatesServiceClient(),
    pubsub: new PubSub(),
    storage: new Storage(),
    vertex: {
      jobs: new vertex.JobServiceClient(region),
      models: new vertex.ModelServiceClient(region),
      endpoints: new vertex.EndpointServiceClient(region),
      metadata: new vertex.MetadataServiceClient(region),
    },
  };
}

/** What a client throws, by the canonical code or by the HTTP status. */
const REFUSED = { FAILED_PRECONDITION: [9, 400], PERMISSION_DENIED: [7, 403] };

/** The words of the refusal that a call must meet. */
export async function refusal(creation: Promise<unknown>, status: keyof typeof REFUSED): Promise<string> {
  const error = await creation.then(
    () => expect.fail('it was created'),
    (thrown: Error & { code?: number }) => thrown,
  );
  expect(REFUSED[status]).toContain(error.code);
  return error.message;
}
