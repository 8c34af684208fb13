import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BigQueryEngine } from '../../local/bigquery/engine.ts';
import { bigqueryRest } from '../../local/bigquery/rest.ts';
import { denied } from '../../local/iam/denied.ts';
import { accessesOf } from '../../local/iam/methods.ts';
import { Policy } from '../../local/iam/policy.ts';
import { PubSub as Broker } from '../../local/pubsub/broker.ts';
import { pubsubGrpc } from '../../local/pubsub/grpc.ts';
import { storageRest } from '../../local/storage/rest.ts';
import { ResumableUploads } from '../../local/storage/resumable-uploads.ts';
import { StorageEngine } from '../../local/storage/storage-engine.ts';
import { type Services, startServices, TEST_PRINCIPAL, TEST_PROJECT } from './harness.ts';

const stateDir = mkdtempSync(join(tmpdir(), 'baton-iam-'));
const project = `projects/${TEST_PROJECT}`;
/** The caller may run queries, and read one of the two datasets; nothing else. */
const policy = new Policy({
  grants: [
    { resource: project, role: 'roles/bigquery.jobUser', member: TEST_PRINCIPAL },
    {
      resource: project,
      role: 'roles/bigquery.dataViewer',
      member: TEST_PRINCIPAL,
      condition: { title: 'open', expression: `resource.name.startsWith("${project}/datasets/open/")` },
    },
  ],
  owners: [],
  projectOfBucket: () => TEST_PROJECT,
});
let storage: StorageEngine;
let warehouse: BigQueryEngine;
let broker: Broker;
let services: Services;

beforeAll(async () => {
  storage = new StorageEngine({ stateDir });
  storage.createBucket({ name: 'lake', project: TEST_PROJECT, location: 'US' });
  await storage.write('lake', 'a.csv', Buffer.from('1'));
  warehouse = await BigQueryEngine.open({ stateDir, objects: storage });
  for (const datasetId of ['open', 'closed']) {
    await warehouse.createDataset({ projectId: TEST_PROJECT, datasetId, location: 'US' });
    const table = { projectId: TEST_PROJECT, datasetId, tableId: 't' };
    await warehouse.createTable(table, [{ name: 'n', type: 'INTEGER' }]);
    await warehouse.append(table, [{ n: 1 }]);
  }
  const transport = { identityToken: async () => '', post: async () => ({ status: 200 }) };
  broker = new Broker({ stateDir, transport });
  broker.createTopic({ name: `${project}/topics/news` });
  const authorize = policy.authorize.bind(policy);
  services = await startServices({
    stateDir,
    grpc: [pubsubGrpc(broker, authorize)],
    rest: [
      storageRest(
        storage,
        new ResumableUploads(storage, stateDir),
        ({ caller: { principal }, permission, bucket, object }) => {
          const resource = `//storage.googleapis.com/projects/_/buckets/${bucket}/objects/${object}`;
          authorize({ principal, permission, resource });
        },
      ),
      bigqueryRest(warehouse, authorize),
    ],
    beforeCall: (context, request) => {
      for (const access of accessesOf(context, request, () => '')) authorize(access);
    },
  });
});
afterAll(async () => {
  await services.close();
  broker.close();
  await warehouse.close();
  storage.close();
  rmSync(stateDir, { recursive: true, force: true });
});

test('Pub/Sub answers PERMISSION_DENIED with permission, resource and principal', async () => {
  const { PubSub } = await import('@google-cloud/pubsub');
  const client = new PubSub();
  const access = {
    principal: TEST_PRINCIPAL,
    permission: 'pubsub.topics.publish',
    resource: `//pubsub.googleapis.com/${project}/topics/news`,
  };
  const error = await client
    .topic('news')
    .publishMessage({ data: Buffer.from('x') })
    .catch((thrown: unknown) => thrown);
  const { GoogleError } = await import('google-gax');
  expect(GoogleError.parseGRPCStatusDetails(error as InstanceType<typeof GoogleError>)).toMatchObject({
    code: 7,
    message: expect.stringContaining(denied(access).message),
    reason: 'IAM_PERMISSION_DENIED',
    errorInfoMetadata: access,
  });
  await client.close();
});

test('Cloud Storage answers 403 with the principal and the permission', async () => {
  const { Storage } = await import('@google-cloud/storage');
  const download = new Storage().bucket('lake').file('a.csv').download();
  await expect(download).rejects.toMatchObject({
    code: 403,
    message: expect.stringContaining(
      `${TEST_PRINCIPAL.replace('user:', '')} does not have storage.objects.get access to the Google Cloud Storage object.`,
    ),
  });
});

test('BigQuery runs a query over what the caller may read, and over nothing else', async () => {
  const { BigQuery } = await import('@google-cloud/bigquery');
  const client = new BigQuery({ projectId: TEST_PROJECT });
  const [rows] = await client.query('SELECT n FROM open.t');
  expect(rows).toEqual([{ n: 1 }]);
  await expect(client.query('SELECT n FROM closed.t')).rejects.toMatchObject({
    code: 403,
    message: `Access Denied: Table ${TEST_PROJECT}:closed.t: Permission bigquery.tables.getData denied on table ${TEST_PROJECT}:closed.t for ${TEST_PRINCIPAL} (or it may not exist).`,
  });
  await expect(client.query('CREATE TABLE open.copy AS SELECT n FROM open.t')).rejects.toThrow(
    /Permission bigquery\.tables\.create denied on dataset/,
  );
  await expect(client.dataset('open').table('t').delete()).rejects.toMatchObject({ code: 403 });
});
