import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GrpcModule, RestModule } from '../../local/boundaries.ts';
import { TEST_PRINCIPAL, TEST_PROJECT } from './harness.ts';
import { bundledProcess, linesOf, nodeProcess, SERVICE_ACCOUNT, startProcesses } from './process-harness.ts';

const callers: Record<string, string> = {};
/** The port that each object was asked for from. */
const ports: Record<string, number | undefined> = {};

const publisher: GrpcModule = {
  protos: '@google-cloud/pubsub',
  files: ['google/pubsub/v1/pubsub.proto'],
  services: ['google.pubsub.v1.Publisher'],
  unary: {
    'google.pubsub.v1.Publisher/CreateTopic': (topic: { name: string }, { caller }) => {
      callers[topic.name] = `${caller.principal} in ${caller.project}`;
      return topic;
    },
  },
};

const objects: RestModule = {
  hosts: ['storage.googleapis.com'],
  register: (app) => {
    app.get('/storage/v1/b/:bucket/o/:object', ({ caller, params, raw }) => {
      const { bucket, object } = params as { bucket: string; object: string };
      ports[object] = raw.socket.remotePort;
      callers[object] = `${caller.principal} in ${caller.project}`;
      return { kind: 'storage#object', bucket, name: object };
    });
  },
};

const stateDir = mkdtempSync(join(tmpdir(), 'baton-test-'));
let services: Awaited<ReturnType<typeof startProcesses>>;

beforeAll(async () => {
  services = await startProcesses({ grpc: [publisher], rest: [objects], stateDir });
});
afterAll(async () => {
  await services.close();
  rmSync(stateDir, { recursive: true });
});

test('unmodified clients in this process reach the local services and are named by their token', async () => {
  const { PubSub } = await import('@google-cloud/pubsub');
  const { Storage } = await import('@google-cloud/storage');

  const [topic] = await new PubSub().createTopic('here');
  const [metadata] = await new Storage().bucket('b').file('folder/a file.txt').getMetadata();

  expect(topic.name).toBe(`projects/${TEST_PROJECT}/topics/here`);
  expect(metadata).toMatchObject({ bucket: 'b', name: 'folder/a file.txt' });
  const asTester = `${TEST_PRINCIPAL} in ${TEST_PROJECT}`;
  expect(callers).toMatchObject({ [topic.name]: asTester, 'folder/a file.txt': asTester });
});

test('unmodified clients in a child process are their own service account', async () => {
  const script = `
    import { PubSub } from '@google-cloud/pubsub';
    import { Storage } from '@google-cloud/storage';
    const [topic] = await new PubSub().createTopic('there');
    const [metadata] = await new Storage().bucket('b').file('child').getMetadata();
    console.log(topic.name, metadata.name);
    process.exit(0);
  `;

  const lines = await linesOf(services.host, nodeProcess(script, { project: 'other-project' }));

  expect(lines).toEqual(['projects/other-project/topics/there child']);
  const asWorker = `serviceAccount:${SERVICE_ACCOUNT} in other-project`;
  expect(callers).toMatchObject({ 'projects/other-project/topics/there': asWorker, child: asWorker });
});

test.each([
  ['a process', nodeProcess],
  ['a bundle', (script: string) => bundledProcess(script, stateDir)],
])("%s's clients keep their connections, as they do where there is no proxy", async (_, processOf) => {
  const script = `
    import { Storage } from '@google-cloud/storage';
    import { GoogleAuth } from 'google-auth-library';
    const bucket = new Storage().bucket('b');
    for (const name of ['one', 'two']) await bucket.file(name).getMetadata();
    const auth = new GoogleAuth();
    for (const name of ['three', 'four'])
      await auth.request({ url: 'https://storage.googleapis.com/storage/v1/b/b/o/' + name });
    process.exit(0);
  `;

  for (const name of Object.keys(ports)) delete ports[name];
  await linesOf(services.host, await processOf(script));

  expect(ports.one).toBeTypeOf('number');
  expect(ports.two).toBe(ports.one);
  expect(ports.four).toBeTypeOf('number');
  expect(ports.four).toBe(ports.three);
});

test('a host that is not served is refused and reported', async () => {
  const script = `
    import { GoogleAuth } from 'google-auth-library';
    await new GoogleAuth().request({ url: 'https://example.com/', retry: false }).catch((error) => console.log(error.message));
  `;

  const [message] = await linesOf(services.host, nodeProcess(script));

  expect(message).toBe("The local cloud doesn't serve example.com, and nothing leaves this machine.");
  expect(services.lints).toContainEqual(
    expect.objectContaining({ rule: 'refused-host', subject: 'example.com' }),
  );
});

test('a method that no module lists answers UNIMPLEMENTED with its name', async () => {
  const { PubSub } = await import('@google-cloud/pubsub');
  const pubsub = new PubSub();

  await expect(pubsub.topic('here').delete()).rejects.toMatchObject({
    code: 12,
    details: 'google.pubsub.v1.Publisher/DeleteTopic is not implemented by the local cloud.',
  });
  await expect(pubsub.subscription('s').delete()).rejects.toMatchObject({
    code: 12,
    details: expect.stringContaining('google.pubsub.v1.Subscriber/DeleteSubscription'),
  });
});

test('a REST API that no module serves answers UNIMPLEMENTED with method and path', async () => {
  const { Storage } = await import('@google-cloud/storage');
  const { GoogleAuth } = await import('google-auth-library');
  const kms = 'https://cloudkms.googleapis.com/v1/projects/p/locations/eu/keyRings';

  await expect(new Storage().bucket('b').getMetadata()).rejects.toMatchObject({
    code: 501,
    message: expect.stringContaining('GET https://storage.googleapis.com/storage/v1/b/b is not implemented'),
  });
  await expect(new GoogleAuth().request({ url: kms, retry: false })).rejects.toMatchObject({
    status: 501,
    message: `GET ${kms} is not implemented by the local cloud.`,
  });
});

test('a token that this local cloud did not issue is refused, over gRPC and REST', async () => {
  const { PubSub } = await import('@google-cloud/pubsub');
  const { Storage } = await import('@google-cloud/storage');
  const { OAuth2Client } = await import('google-auth-library');
  const authClient = new OAuth2Client();
  authClient.setCredentials({ access_token: 'ya29.of-another-cloud', expiry_date: Date.now() + 3_600_000 });
  const projectId = TEST_PROJECT;

  await expect(new PubSub({ projectId, authClient }).createTopic('t')).rejects.toMatchObject({ code: 16 });
  await expect(
    new Storage({ projectId, authClient, retryOptions: { autoRetry: false } })
      .bucket('b')
      .file('o')
      .getMetadata(),
  ).rejects.toMatchObject({ code: 401 });
});
