import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { KeyManagement } from '../../local/kms/key-management.ts';
import { PubSub } from '../../local/pubsub/broker.ts';
import type { RealisableCloud, ScheduledJob } from '../../local/realise/cloud.ts';
import { type Realised, realise } from '../../local/realise/realise.ts';
import type { EventarcTrigger } from '../../local/run/eventarc.ts';
import type { FunctionDeclaration } from '../../local/run/types.ts';
import { StorageEngine } from '../../local/storage/storage-engine.ts';
import { recordBoth } from './recorded-program.ts';

const stateDir = mkdtempSync(join(tmpdir(), 'baton-realise-'));
const functions: FunctionDeclaration[] = [];
const triggers: EventarcTrigger[] = [];
const jobs: ScheduledJob[] = [];
let pubsub: PubSub;
let storage: StorageEngine;
let cloud: RealisableCloud;
let realised: Realised;
let resources: Parameters<typeof realise>[0];

beforeAll(async () => {
  pubsub = new PubSub({
    stateDir,
    transport: { identityToken: async () => '', post: async () => ({ status: 503 }) },
  });
  storage = new StorageEngine({ stateDir });
  cloud = {
    stateDir,
    pubsub,
    storage,
    warehouse: { createDataset: async () => {} },
    functions: { declare: async (declaration) => void functions.push(declaration) },
    eventarc: { declare: (trigger) => void triggers.push(trigger) },
    scheduler: { declare: (job) => void jobs.push(job) },
    keys: new KeyManagement({ projectNumber: () => '111111111111' }),
  };
  resources = (await recordBoth()).flatMap((stack) => stack.resources);
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
  expect(functions).toHaveLength(10);
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

it('realising a second time uploads nothing again', async () => {
  const generations = () =>
    storage.list('baton-nonprod-baton', 'workloads/').map(({ generation }) => generation);
  const before = generations();
  await realise(resources, cloud);
  expect(generations()).toEqual(before);
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
