import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckKey } from '../../local/boundaries.ts';
import { DeclaredResources } from '../../local/control-plane/declared-resources.ts';
import { declaredPolicy } from '../../local/declared-policy.ts';
import { KeyManagement } from '../../local/kms/key-management.ts';
import type { NotificationChannel } from '../../local/monitoring/notification-channels.ts';
import type { RecordedStack } from '../../local/program/recorded.ts';
import { PubSub } from '../../local/pubsub/broker.ts';
import type { RealisableCloud, ScheduledJob, TableDeclaration } from '../../local/realise/cloud.ts';
import { type Realised, realise } from '../../local/realise/realise.ts';
import type { EventarcTrigger } from '../../local/run/eventarc.ts';
import type { FunctionDeclaration } from '../../local/run/types.ts';
import { StackOutputs } from '../../local/stacks.ts';
import { StorageEngine } from '../../local/storage/storage-engine.ts';
import { MetadataStores } from '../../local/vertex/metadata/stores.ts';
import { Operations } from '../../local/vertex/operations.ts';
import { recordBoth } from './recorded-program.ts';

const stateDir = mkdtempSync(join(tmpdir(), 'baton-realise-'));
const PROJECT_NUMBERS: Record<string, string> = {
  'baton-nonprod': '111111111111',
  'baton-prod': '222222222222',
};
const newKeys = () => new KeyManagement({ projectNumber: (project) => PROJECT_NUMBERS[project] });
let keys = newKeys();
/** With triggers, though nothing is built here. */
const RELEASED = {
  'baton:repository': 'projects/r/locations/us-central1/connections/github/gitRepositoryLinks/baton',
  'baton:stateBucket': 'state-of-neither-tenant',
};
let stacks: RecordedStack[];
const functions: FunctionDeclaration[] = [];
const triggers: EventarcTrigger[] = [];
const jobs: ScheduledJob[] = [];
const tables: TableDeclaration[] = [];
const channels: NotificationChannel[] = [];
let pubsub: PubSub;
let storage: StorageEngine;
let metadataStores: MetadataStores;
let cloud: RealisableCloud;
let realised: Realised;
let resources: Parameters<typeof realise>[0];

beforeAll(async () => {
  pubsub = new PubSub({
    stateDir,
    checkKey: (use) => keys.check('pubsub.googleapis.com', use),
    tablesOf: () => ({ schema: async () => [], append: async () => 0 }),
    transport: { identityToken: async () => '', post: async () => ({ status: 503 }) },
  });
  storage = new StorageEngine({ stateDir, checkKey: (use) => keys.check('storage.googleapis.com', use) });
  const checkKey: CheckKey = (use) => keys.check('aiplatform.googleapis.com', use);
  metadataStores = new MetadataStores(stateDir, new Operations(stateDir), checkKey);
  cloud = {
    stateDir,
    pubsub,
    storage,
    warehouse: { createDataset: async () => {}, declareTable: async (table) => void tables.push(table) },
    functions: { declare: async (declaration) => void functions.push(declaration) },
    eventarc: { declare: (trigger) => void triggers.push(trigger) },
    scheduler: { declare: (job) => void jobs.push(job) },
    controlPlane: new DeclaredResources(),
    notificationChannels: { declare: (channel) => void channels.push(channel) },
    metadataStores,
    get keys() {
      return keys;
    },
  };
  stacks = await recordBoth({ config: RELEASED });
  resources = stacks.flatMap((stack) => stack.resources);
  realised = await realise(resources, cloud);
});

afterAll(() => {
  storage.close();
  pubsub.close();
  rmSync(stateDir, { recursive: true, force: true });
});

it('topics, subscriptions, buckets and objects exist', () => {
  expect(pubsub.hasTopic('projects/baton-nonprod/topics/eval-passed')).toBe(true);
  expect([...pubsub.store.state.subscriptions.keys()]).toContain('projects/baton-prod/subscriptions/deploy');
  expect(storage.hasBucket('baton-prod-baton')).toBe(true);
  const workload = storage
    .list('baton-nonprod-baton', 'workloads/census/')
    .map(({ name }) => name.split('/').slice(3).join('/'));
  expect(workload.sort()).toEqual(['schema.json', 'transform/transform.js', 'workload.json']);
});

it('functions have their source with its dependencies', () => {
  expect(functions).toHaveLength(16);
  for (const { sourceDir } of functions) {
    expect(existsSync(join(sourceDir, 'handlers/functions.ts'))).toBe(true);
    expect(existsSync(join(sourceDir, 'node_modules/@google-cloud/functions-framework'))).toBe(true);
  }
});

it("triggers and jobs lead to the functions' addresses", () => {
  expect(triggers).toEqual([
    expect.objectContaining({
      uri: 'https://settle-111111111111.us-central1.run.app',
      project: 'baton-nonprod',
    }),
  ]);
  expect(jobs[0]).toMatchObject({ schedule: '* * * * *', attemptDeadline: '600s' });
  expect(jobs.map((job) => job.httpTarget.uri).sort()).toEqual([
    'https://settle-111111111111.us-central1.run.app',
    'https://settle-222222222222.us-central1.run.app',
  ]);
});

it("the notification channel leads to the alerts' topic", () => {
  expect(channels).toContainEqual({
    name: 'projects/baton-prod/notificationChannels/monitoring-alerts',
    type: 'pubsub',
    labels: { topic: 'projects/baton-prod/topics/monitoring-alerts' },
    enabled: true,
  });
});

it("each project's metadata store is there, under its key", () => {
  for (const project of ['baton-nonprod', 'baton-prod']) {
    const name = `projects/${project}/locations/us-central1/metadataStores/default`;
    expect(metadataStores.get(name).encryptionSpec?.kmsKeyName).toContain(`projects/${project}/`);
  }
});

it('grants name the resources that they are on', () => {
  expect(realised.iamMembers).toContainEqual(
    expect.objectContaining({
      resource: 'projects/baton-prod/locations/us-central1/services/deploy',
      role: 'roles/run.invoker',
      member: 'serviceAccount:pubsub-push@baton-prod.iam.gserviceaccount.com',
    }),
  );
  for (const { resource } of realised.iamMembers) expect(resource).toMatch(/^projects\//);
  expect(realised.serviceAccounts.map(({ email }) => email)).toContain(
    'dataflow-worker@baton-nonprod.iam.gserviceaccount.com',
  );
});

it('what builds may do is left out, as none runs here: custom roles and conditions of it need not be known', () => {
  const declared = stacks.flatMap((stack) => stack.resources);
  const policy = declaredPolicy(declared, new StackOutputs(stacks), { projectOfBucket: () => undefined });
  const member = 'serviceAccount:deployer@baton-nonprod.iam.gserviceaccount.com';
  expect(realised.iamMembers.filter((grant) => grant.member === member).length).toBeGreaterThan(20);
  const asked = { principal: member, permission: 'pubsub.topics.publish' };
  const resource = '//pubsub.googleapis.com/projects/baton-nonprod/topics/drops';
  expect(policy.decide({ ...asked, resource }).grants).toEqual([]);
});

it("each project has a table for the messages of its events' topics, and a view for the events", () => {
  const named = tables.map(({ reference, viewQuery }) => [
    reference.projectId,
    reference.tableId,
    !!viewQuery,
  ]);
  expect(named).toEqual([
    ['baton-nonprod', 'messages', false],
    ['baton-nonprod', 'events', true],
    ['baton-prod', 'messages', false],
    ['baton-prod', 'events', true],
  ]);
  expect(tables[0]).toMatchObject({
    timePartitioning: { type: 'DAY', field: 'publish_time' },
    kmsKeyName: expect.stringContaining('baton-nonprod'),
  });
});

it('realising a second time uploads nothing again', async () => {
  const generations = () =>
    storage.list('baton-nonprod-baton', 'workloads/').map(({ generation }) => generation);
  const before = generations();
  await realise(resources, cloud);
  expect(generations()).toEqual(before);
});

describe('the program is not realised', () => {
  const withChange = (type: string, change: (resource: (typeof resources)[number]) => typeof resources) =>
    resources.flatMap((resource) => (resource.type === type ? change(resource) : [resource]));
  const keyMember = 'gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember';

  it.each([
    ['pubsub', 'gcp-sa-pubsub', 'projects/baton-nonprod/topics/'],
    ['cloudfunctions', 'gcf-admin-robot', 'projects/baton-nonprod/locations/us-central1/functions/'],
    ['logging', 'gcp-sa-logging', 'projects/baton-nonprod/locations/us-central1/buckets/baton'],
    ['eventarc', 'gcp-sa-eventarc', 'google-channel'],
  ])("without the grant of %s's agent on the key", async (agent, account, resource) => {
    const some = withChange(keyMember, (member) =>
      member.name.startsWith(`${agent}-agent`) ? [] : [member],
    );
    keys = newKeys();
    const failure = realise(some, cloud);
    await expect(failure).rejects.toMatchObject({ status: 'PERMISSION_DENIED' });
    for (const named of [account, resource, 'cloudkms.cryptoKeyVersions.useToEncrypt']) {
      await expect(failure).rejects.toThrow(named);
    }
  });

  it.each([
    ['topic', 'gcp:pubsub/topic:Topic', 'kmsKeyName'],
    ['bucket', 'gcp:storage/bucket:Bucket', 'encryption'],
    ['repository', 'gcp:artifactregistry/repository:Repository', 'kmsKeyName'],
    ['function', 'gcp:cloudfunctionsv2/function:Function', 'kmsKeyName'],
    ['metadata store', 'gcp:vertex/aiMetadataStore:AiMetadataStore', 'encryptionSpec'],
  ])('with a %s that has no key where others have', async (_what, type, property) => {
    const some = withChange(type, (resource) => [
      { ...resource, inputs: { ...resource.inputs, [property]: undefined } },
    ]);
    keys = newKeys();
    await expect(realise(some, cloud)).rejects.toMatchObject({ status: 'FAILED_PRECONDITION' });
  });
});

it('a resource of an unknown type is named', async () => {
  const unknown = {
    stack: 'nonprod',
    type: 'gcp:sql/databaseInstance:DatabaseInstance',
    name: 'db',
    id: 'db',
    inputs: {},
    outputs: {},
  };
  await expect(realise([unknown], cloud)).rejects.toThrow(/gcp:sql\/databaseInstance.*'db'.*local\/realise/);
});
