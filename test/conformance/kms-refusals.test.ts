import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TEST_PROJECT } from './harness.ts';
import { CREATIONS, encryptionSpec, IMAGE, PARENT } from './kms-creations.ts';
import {
  ELSEWHERE,
  KEY,
  type KeyedServices,
  REGION,
  refusal,
  startKeyedServices,
  UNGRANTED,
} from './kms-services.ts';

let services: KeyedServices;
beforeAll(async () => {
  services = await startKeyedServices();
});
afterAll(() => services.close());

describe.each(CREATIONS)('$what', ({ what, agent, create }) => {
  const id = (suffix: string) => `${what.replaceAll(/[^a-z]+/gi, '-').toLowerCase()}-${suffix}`;

  test('is refused without a key', async () => {
    const message = await refusal(create(services, id('bare'), undefined), 'FAILED_PRECONDITION');
    expect(message).toContain('constraints/gcp.restrictNonCmekServices');
    expect(message).toContain(`projects/${TEST_PROJECT}`);
  });

  test('is refused under a key that its agent may not use', async () => {
    const message = await refusal(create(services, id('denied'), UNGRANTED), 'PERMISSION_DENIED');
    for (const part of [agent, 'cloudkms.cryptoKeyVersions.useToEncrypt', UNGRANTED]) {
      expect(message).toContain(part);
    }
  });

  test('is refused under a key of another region', async () => {
    const message = await refusal(create(services, id('elsewhere'), ELSEWHERE), 'PERMISSION_DENIED');
    for (const part of [ELSEWHERE, 'europe-west4', REGION]) expect(message).toContain(part);
  });

  test('is created under a key of its region that its agent may use', async () => {
    await create(services, id('fine'), KEY);
  });
});

describe('a monitoring job', () => {
  const create = (key: string | undefined) =>
    services.vertex.jobs.createModelDeploymentMonitoringJob({
      parent: PARENT,
      modelDeploymentMonitoringJob: {
        displayName: 'monitoring',
        endpoint: `${PARENT}/endpoints/none`,
        modelDeploymentMonitoringObjectiveConfigs: [{ deployedModelId: '1', objectiveConfig: {} }],
        modelDeploymentMonitoringScheduleConfig: { monitorInterval: { seconds: 3600 } },
        loggingSamplingStrategy: { randomSampleConfig: { sampleRate: 1 } },
        ...encryptionSpec(key),
      },
    });

  test('is refused for its key before anything else is looked at', async () => {
    await refusal(create(undefined), 'FAILED_PRECONDITION');
    await refusal(create(UNGRANTED), 'PERMISSION_DENIED');
    await refusal(create(ELSEWHERE), 'PERMISSION_DENIED');
    await expect(create(KEY)).rejects.toThrow(/endpoints\/none/);
  });
});

describe('what inherits its key', () => {
  test('an object and a table have that of their bucket and dataset', async () => {
    const [bucket] = await services.storage.createBucket('inherits', {
      location: REGION,
      encryption: { defaultKmsKeyName: KEY },
    });
    await bucket.file('x').save('x', { resumable: false });
    expect((await bucket.file('x').getMetadata())[0].kmsKeyName).toBe(`${KEY}/cryptoKeyVersions/1`);
    const [dataset] = await services.bigquery.createDataset('inherits', {
      location: REGION,
      defaultEncryptionConfiguration: { kmsKeyName: KEY },
    });
    await services.bigquery.query('CREATE TABLE inherits.t AS SELECT 1 AS a');
    const [{ encryptionConfiguration }] = await dataset.table('t').getMetadata();
    expect(encryptionConfiguration).toEqual({ kmsKeyName: KEY });
  });

  test('may not be given another that its agent may not use, nor lose it', async () => {
    const [bucket] = await services.storage.createBucket('keeps', {
      location: REGION,
      encryption: { defaultKmsKeyName: KEY },
    });
    const own = bucket.file('own', { kmsKeyName: UNGRANTED });
    await refusal(own.save('x', { resumable: false }), 'PERMISSION_DENIED');
    await refusal(bucket.setMetadata({ encryption: null }), 'FAILED_PRECONDITION');
    const [topic] = await services.pubsub.createTopic({ name: 'keeps', kmsKeyName: KEY });
    await refusal(topic.setMetadata({ kmsKeyName: UNGRANTED }), 'PERMISSION_DENIED');
    const [dataset] = await services.bigquery.createDataset('keeps', {
      location: REGION,
      defaultEncryptionConfiguration: { kmsKeyName: KEY },
    });
    const change = { defaultEncryptionConfiguration: { kmsKeyName: UNGRANTED } };
    await refusal(dataset.setMetadata(change), 'PERMISSION_DENIED');
    const query = { query: 'SELECT 1', destinationEncryptionConfiguration: { kmsKeyName: UNGRANTED } };
    await refusal(services.bigquery.query(query), 'PERMISSION_DENIED');
  });
});

describe('a version of a key that is disabled', () => {
  const version = (number: number) => `${KEY}/cryptoKeyVersions/${number}`;
  const under = (name: string) => services.storage.bucket(name).file('x');

  test('encrypts nothing new, and nothing that it has encrypted is read', async () => {
    await services.storage.createBucket('halted', {
      location: REGION,
      encryption: { defaultKmsKeyName: KEY },
    });
    await under('halted').save('x', { resumable: false });
    services.keys.versions.setState(version(1), 'DISABLED');
    const refused = `${version(1)} is not enabled, current state is: DISABLED`;
    for (const call of [
      () => under('halted').save('y', { resumable: false }),
      () => under('halted').download(),
      ...CREATIONS.map(
        ({ create }, index) =>
          () =>
            create(services, `halted-${index}`, KEY),
      ),
    ]) {
      expect(await refusal(call(), 'FAILED_PRECONDITION')).toContain(refused);
    }
    services.keys.versions.setState(version(1), 'ENABLED');
    expect(String(await under('halted').download())).toBe('x');
  });

  test('is not missed for what a later one encrypts', async () => {
    const { versions } = services.keys;
    await services.storage.createBucket('rotated', {
      location: REGION,
      encryption: { defaultKmsKeyName: KEY },
    });
    expect(versions.create(KEY)).toBe(version(2));
    versions.makePrimary(version(2));
    versions.setState(version(1), 'DISABLED');
    expect(() => versions.makePrimary(version(1))).toThrow(/DISABLED/);
    await under('rotated').save('x', { resumable: false });
    expect((await under('rotated').getMetadata())[0].kmsKeyName).toBe(version(2));
    expect(String(await under('rotated').download())).toBe('x');
    versions.setState(version(1), 'ENABLED');
    versions.makePrimary(version(1));
  });
});

test("the copy of a model's artefacts that Vertex AI keeps in Google's own project needs no key", async () => {
  const [bucket] = await services.storage.createBucket('artefacts', {
    location: REGION,
    encryption: { defaultKmsKeyName: KEY },
  });
  await bucket.file('model/model.json').save('{}', { resumable: false });
  const [operation] = await services.vertex.models.uploadModel({
    parent: PARENT,
    model: {
      displayName: 'copied',
      artifactUri: 'gs://artefacts/model/',
      containerSpec: { imageUri: IMAGE },
      encryptionSpec: { kmsKeyName: KEY },
    },
  });
  await expect(operation.promise()).resolves.toBeDefined();
});

test('a project without a key may create without one', async () => {
  const { PubSub } = await import('@google-cloud/pubsub');
  const client = new PubSub({ projectId: 'without-keys' });
  await client.createTopic('bare');
  await client.close();
});

test('a grant on a key that its ring does not have is refused, as is a key that rotates every hour', () => {
  const { keys } = services;
  const ring = 'projects/p/locations/us-central1/keyRings/r';
  keys.declareKeyRing(ring);
  expect(() => keys.grant(`${ring}/cryptoKeys/none`, 'roles/viewer', 'user:a@example.com')).toThrow(
    /not found/,
  );
  expect(() => keys.declareKey({ name: `${ring}/cryptoKeys/k`, rotationPeriod: '3600s' })).toThrow(/86400s/);
});
