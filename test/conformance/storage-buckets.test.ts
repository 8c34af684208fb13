import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StatusError } from '../../local/status.ts';
import type { StorageAccess } from '../../local/storage/rest.ts';
import { TEST_PRINCIPAL, TEST_PROJECT } from './harness.ts';
import { type StorageServices, startStorage, statusOf } from './storage-services.ts';

const KEY = 'projects/k/locations/us-central1/keyRings/r/cryptoKeys/data';
const TOPIC = `projects/${TEST_PROJECT}/topics/changes`;
const stateDir = mkdtempSync(join(tmpdir(), 'baton-storage-'));
const accesses: StorageAccess[] = [];
let services: StorageServices;

beforeAll(async () => {
  services = await startStorage(stateDir, {
    authorize: (access) => {
      accesses.push(access);
      if (access.bucket !== 'forbidden') return;
      throw new StatusError(
        'PERMISSION_DENIED',
        `Permission '${access.permission}' denied on ${access.bucket}.`,
      );
    },
    checkKey: ({ kmsKeyName, resource }) => {
      if (kmsKeyName?.includes('disabled')) {
        throw new StatusError(
          'FAILED_PRECONDITION',
          `Cloud KMS key ${kmsKeyName} is disabled for ${resource}.`,
        );
      }
      const [, key] = /^(.+\/cryptoKeys\/[^/]+)/.exec(kmsKeyName ?? '') ?? [];
      return key && `${key}/cryptoKeyVersions/1`;
    },
  });
});
afterAll(async () => {
  await services.close();
  rmSync(stateDir, { recursive: true });
});

test('a bucket is created, read, changed, listed and deleted', async () => {
  const [bucket] = await services.storage.createBucket('made-here', {
    location: 'us-central1',
    labels: { team: 'ml' },
    iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
    lifecycle: { rule: [{ action: { type: 'Delete' }, condition: { age: 30 } }] },
  });
  await bucket.setMetadata({ labels: { team: null, stage: 'train' } });
  const [metadata] = await bucket.getMetadata();
  expect(metadata).toMatchObject({
    location: 'US-CENTRAL1',
    locationType: 'region',
    storageClass: 'STANDARD',
    metageneration: '2',
    iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
    lifecycle: { rule: [{ action: { type: 'Delete' }, condition: { age: 30 } }] },
  });
  expect(metadata.labels).toEqual({ stage: 'train' });
  const [buckets] = await services.storage.getBuckets();
  expect(buckets.map(({ name }) => name)).toContain('made-here');
  await bucket.delete();
  expect(await bucket.exists()).toEqual([false]);
});

test('a bucket that exists cannot be created again', async () => {
  await services.storage.createBucket('twice');
  expect(await statusOf(services.storage.createBucket('twice'))).toBe(409);
});

test('a bucket with objects cannot be deleted', async () => {
  const [bucket] = await services.storage.createBucket('full');
  await bucket.file('x').save('x', { resumable: false });
  expect(await statusOf(bucket.delete())).toBe(409);
});

test('a name that is no bucket name is refused', async () => {
  expect(await statusOf(services.storage.createBucket('No_Bucket!'))).toBe(400);
});

test('declaring a bucket again applies what changed and keeps its objects', async () => {
  const declared = { name: 'declared', project: TEST_PROJECT, location: 'us-central1' };
  services.engine.declareBucket(declared);
  await services.storage.bucket('declared').file('kept').save('x', { resumable: false });
  services.engine.declareBucket({ ...declared, labels: { declared: 'twice' } });
  const [metadata] = await services.storage.bucket('declared').getMetadata();
  expect(metadata).toMatchObject({ labels: { declared: 'twice' }, metageneration: '2' });
  services.engine.declareBucket(declared);
  services.engine.declareBucket(declared);
  const [undone] = await services.storage.bucket('declared').getMetadata();
  expect(undone).toMatchObject({ metageneration: '3' });
  expect(undone).not.toHaveProperty('labels');
  expect(await services.storage.bucket('declared').file('kept').exists()).toEqual([true]);
});

test('objects are kept under the key of their bucket or of their request', async () => {
  const [bucket] = await services.storage.createBucket('keyed', { encryption: { defaultKmsKeyName: KEY } });
  for (const resumable of [false, true]) {
    await bucket.file('default').save('x', { resumable });
    await bucket.file('own', { kmsKeyName: `${KEY}-own` }).save('x', { resumable });
    const [byDefault] = await bucket.file('default').getMetadata();
    const [own] = await bucket.file('own').getMetadata();
    expect(byDefault.kmsKeyName).toBe(`${KEY}/cryptoKeyVersions/1`);
    expect(own.kmsKeyName).toBe(`${KEY}-own/cryptoKeyVersions/1`);
  }
});

test('a key that may not be used refuses the bucket and the object', async () => {
  const encryption = { defaultKmsKeyName: `${KEY}-disabled` };
  await expect(services.storage.createBucket('locked', { encryption })).rejects.toThrow('is disabled');
  const [bucket] = await services.storage.createBucket('unlocked');
  const file = bucket.file('x', { kmsKeyName: `${KEY}-disabled` });
  await expect(file.save('x', { resumable: false })).rejects.toThrow('is disabled');
  expect(await bucket.file('x').exists()).toEqual([false]);
});

test('each call asks for the permission of its method, for its caller', async () => {
  const [bucket] = await services.storage.createBucket('guarded');
  accesses.length = 0;
  await bucket.file('a/b').save('1', { resumable: false });
  await bucket.file('a/b').save('2', { resumable: false });
  await bucket.file('a/b').download();
  expect(accesses.map(({ permission, object }) => [permission, object])).toEqual([
    ['storage.objects.create', 'a/b'],
    ['storage.objects.create', 'a/b'],
    ['storage.objects.delete', 'a/b'],
    ['storage.objects.get', 'a/b'],
  ]);
  expect(accesses[0]).toMatchObject({ bucket: 'guarded', caller: { principal: TEST_PRINCIPAL } });
});

test('a refused call changes nothing', async () => {
  services.engine.createBucket({ name: 'forbidden', project: TEST_PROJECT, location: 'us' });
  const file = services.storage.bucket('forbidden').file('x');
  expect(await statusOf(file.save('x', { resumable: false }))).toBe(403);
  expect(services.engine.list('forbidden', '')).toEqual([]);
});

test('an IAM policy is kept, guarded by its etag', async () => {
  const [bucket] = await services.storage.createBucket('policed');
  const [policy] = await bucket.iam.getPolicy();
  const bindings = [{ role: 'roles/storage.objectViewer', members: ['user:a@example.com'] }];
  await bucket.iam.setPolicy({ ...policy, bindings });
  const [stored] = await bucket.iam.getPolicy();
  expect(stored.bindings).toEqual(bindings);
  expect(await statusOf(bucket.iam.setPolicy({ ...policy, bindings: [] }))).toBe(412);
  const [granted] = await bucket.iam.testPermissions(['storage.objects.get', 'storage.objects.list']);
  expect(granted).toEqual({ 'storage.objects.get': true, 'storage.objects.list': true });
});

test('a notification tells its topic of each kind of change', async () => {
  const [bucket] = await services.storage.createBucket('noticed');
  const [notification] = await bucket.createNotification(TOPIC, {
    payloadFormat: 'JSON_API_V1',
    objectNamePrefix: 'datasets/',
    customAttributes: { stage: 'prepare' },
  });
  services.published.length = 0;
  await bucket.file('elsewhere').save('x', { resumable: false });
  const file = bucket.file('datasets/train.csv');
  await file.save('1', { resumable: false });
  const first = String(file.metadata.generation);
  await file.setMetadata({ metadata: { a: '1' } });
  await bucket.file('datasets/train.csv').save('2', { resumable: false });
  await bucket.file('datasets/train.csv').delete();

  const events = services.published.map(({ attributes }) => attributes);
  expect(events.map(({ eventType }) => eventType)).toEqual([
    'OBJECT_FINALIZE',
    'OBJECT_METADATA_UPDATE',
    'OBJECT_FINALIZE',
    'OBJECT_DELETE',
    'OBJECT_DELETE',
  ]);
  expect(events[0]).toEqual({
    eventType: 'OBJECT_FINALIZE',
    bucketId: 'noticed',
    objectId: 'datasets/train.csv',
    objectGeneration: first,
    eventTime: expect.stringMatching(/^\d{4}-.*Z$/),
    payloadFormat: 'JSON_API_V1',
    notificationConfig: `projects/_/buckets/noticed/notificationConfigs/${notification.id}`,
    stage: 'prepare',
  });
  expect(JSON.parse(services.published[0]!.data)).toMatchObject({ name: 'datasets/train.csv', size: '1' });
  expect(events[2]).toMatchObject({ overwroteGeneration: first });
  expect(events[3]).toMatchObject({
    objectGeneration: first,
    overwrittenByGeneration: events[2]!.objectGeneration,
  });
  expect(events[4]).not.toHaveProperty('overwrittenByGeneration');
});

test('a notification without payload and with event types sends only those, empty', async () => {
  const [bucket] = await services.storage.createBucket('terse');
  await bucket.createNotification(TOPIC, { payloadFormat: 'NONE', eventTypes: ['OBJECT_DELETE'] });
  services.published.length = 0;
  await bucket.file('x').save('x', { resumable: false });
  await bucket.file('x').delete();
  expect(services.published.map(({ attributes, data }) => [attributes.eventType, data])).toEqual([
    ['OBJECT_DELETE', ''],
  ]);
});

test('on a versioned bucket an overwrite archives', async () => {
  const [bucket] = await services.storage.createBucket('versioned', { versioning: { enabled: true } });
  services.engine.declareNotification('versioned', { topic: TOPIC });
  services.published.length = 0;
  await bucket.file('x').save('1', { resumable: false });
  await bucket.file('x').save('2', { resumable: false });
  const types = services.published.map(({ attributes }) => attributes.eventType);
  expect(types).toEqual(['OBJECT_FINALIZE', 'OBJECT_FINALIZE', 'OBJECT_ARCHIVE']);
  await expect(bucket.getFiles({ versions: true })).rejects.toThrow('noncurrent versions');
});

test('notifications are listed, read and deleted, and declared once', async () => {
  const [bucket] = await services.storage.createBucket('configured');
  const declaration = { topic: `//pubsub.googleapis.com/${TOPIC}`, eventTypes: ['OBJECT_FINALIZE' as const] };
  const { id } = services.engine.declareNotification('configured', declaration);
  expect(services.engine.declareNotification('configured', declaration).id).toBe(id);
  const [notifications] = await bucket.getNotifications();
  expect(notifications).toHaveLength(1);
  const [metadata] = await notifications[0]!.getMetadata();
  expect(metadata).toMatchObject({
    topic: `//pubsub.googleapis.com/${TOPIC}`,
    event_types: ['OBJECT_FINALIZE'],
  });
  await notifications[0]!.delete();
  const [left] = await bucket.getNotifications();
  expect(left).toEqual([]);
});

test('a topic that does not exist does not hinder the upload', async () => {
  const [bucket] = await services.storage.createBucket('unheard');
  services.engine.declareNotification('unheard', { topic: 'projects/p/topics/none' });
  await bucket.file('x').save('x', { resumable: false });
  expect(await bucket.file('x').exists()).toEqual([true]);
});
