import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Instance } from '../../workloads/census/model/features.ts';
import { DEFAULTS } from '../../workloads/census/model/hyperparameters.ts';
import type { SavedModel } from '../../workloads/census/model/saved-model.ts';
import { trainCensus } from '../../workloads/census/train/train.ts';
import { censusInstances, censusRows, loadTable } from './model-census.ts';
import { type Container, startContainer } from './serve-container.ts';
import { ContainerStorage } from './serve-storage.ts';

const HYPERPARAMETERS = { ...DEFAULTS, trees: 20 };
const ROUTES = { AIP_HEALTH_ROUTE: '/v1/models/m', AIP_PREDICT_ROUTE: '/v1/models/m:predict' };

let storage: ContainerStorage;
let model: SavedModel;
let instances: Instance[];
const containers: Container[] = [];

beforeAll(async () => {
  storage = await ContainerStorage.start();
  model = await trainCensus(await loadTable(`${censusRows('train')} LIMIT 5000`), HYPERPARAMETERS);
  await storage.put('gs://copies/1/model.json', model.serialize(HYPERPARAMETERS));
  ({ instances } = await censusInstances('eval'));
});

afterAll(() => storage.close());

afterEach(async () => {
  for (const container of containers.splice(0)) {
    container.process.kill('SIGKILL');
    await container.exited;
  }
});

/** Starts the container on a free port and waits until it listens. */
async function listening(env: Record<string, string> = {}): Promise<Container & { url: string }> {
  const container = startContainer('serve', storage, {
    env: { AIP_STORAGE_URI: 'gs://copies/1', AIP_HTTP_PORT: '0', ...ROUTES, ...env },
  });
  containers.push(container);
  const port = await vi.waitFor(
    () => {
      const line = container.log.find(({ port }) => port !== undefined);
      expect(line, JSON.stringify(container.log)).toBeDefined();
      return line?.port;
    },
    { timeout: 60_000 },
  );
  return { ...container, url: `http://127.0.0.1:${port}` };
}

/** Starts the container and waits until it is healthy. */
async function serving(): Promise<Container & { url: string }> {
  const container = await listening();
  await vi.waitFor(
    async () => expect((await fetch(container.url + ROUTES.AIP_HEALTH_ROUTE)).status).toBe(200),
    { timeout: 60_000 },
  );
  return container;
}

async function predict(
  url: string,
  body: unknown,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(url + ROUTES.AIP_PREDICT_ROUTE, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test('answers 503 until the model is loaded, then 200', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  storage.hold = promise;
  const { url } = await listening();
  expect((await fetch(url + ROUTES.AIP_HEALTH_ROUTE)).status).toBe(503);
  expect((await predict(url, { instances: [] })).status).toBe(503);
  storage.hold = undefined;
  resolve();
  const health = async () => (await fetch(url + ROUTES.AIP_HEALTH_ROUTE)).status;
  await expect.poll(health, { timeout: 60_000 }).toBe(200);
});

test('exits with an error when there is no model to load', async () => {
  const container = await listening({ AIP_STORAGE_URI: 'gs://copies/none/' });
  expect(await container.exited).toBe(2);
  expect(container.log.at(-1)).toMatchObject({ severity: 'ERROR' });
  expect(container.log.at(-1)?.message).toContain('gs://copies/none/model.json');
});

test.each([
  [{ AIP_STORAGE_URI: '' }, 'environment variable AIP_STORAGE_URI=: expected gs://bucket/folder'],
  [
    { AIP_HTTP_PORT: 'http' },
    'environment variable AIP_HTTP_PORT=http: expected a whole number from 0 to 65535',
  ],
  [{ AIP_PREDICT_ROUTE: 'predict' }, 'environment variable AIP_PREDICT_ROUTE=predict: expected a path'],
])('refuses the environment %j by name', async (env, message) => {
  const base = { AIP_STORAGE_URI: 'gs://copies/1', AIP_HTTP_PORT: '0' };
  const container = startContainer('serve', storage, { env: { ...base, ...env } });
  expect(await container.exited).toBe(2);
  expect(container.log.at(-1)?.message).toContain(message);
});

test('finishes the request at hand on SIGTERM, then exits', async () => {
  const container = await serving();
  const body = JSON.stringify({ instances: instances.slice(0, 2) });
  const socket = connect(Number(new URL(container.url).port), '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.write(
    `POST ${ROUTES.AIP_PREDICT_ROUTE} HTTP/1.1\r\nHost: test\r\nContent-Length: ${body.length}\r\n` +
      `Expect: 100-continue\r\n\r\n`,
  );
  await expect.poll(() => Buffer.concat(chunks).toString()).toContain('100 Continue');

  container.process.kill('SIGTERM');
  await expect.poll(() => container.log.at(-1)?.message).toContain('SIGTERM');
  socket.write(body);
  await once(socket, 'close');
  const [, content] = Buffer.concat(chunks).toString().split('200 OK');
  expect(JSON.parse(content.slice(content.indexOf('{')))).toEqual({
    predictions: instances.slice(0, 2).map((instance) => model.predict(instance)),
  });
  expect(await container.exited).toBe(0);
});

describe('a serving container', () => {
  let url: string;
  let shared: Container;

  beforeAll(async () => {
    const container = await serving();
    url = container.url;
    shared = containers.splice(containers.indexOf(container), 1)[0];
  });

  afterAll(async () => {
    shared.process.kill('SIGTERM');
    expect(await shared.exited).toBe(0);
  });

  test('predicts a batch of 1,000 bit for bit as the trained model does', async () => {
    const batch = instances.slice(0, 1000);
    const response = await predict(url, { instances: batch, parameters: { ignored: true } });
    expect(response).toEqual({
      status: 200,
      body: { predictions: batch.map((instance) => model.predict(instance)) },
    });
  });

  test('ignores columns of the table that the model does not read', async () => {
    const [instance] = instances;
    const response = await predict(url, {
      instances: [{ ...instance, fnlwgt: 226802, income_bracket: '<=50K' }],
    });
    expect(response.body).toEqual({ predictions: [model.predict(instance)] });
  });

  test('takes the empty string for a missing category, and any unknown category as one', async () => {
    const [instance] = instances;
    const odd = ['', 'Astronaut', '__proto__', 'Cosmonaut'].map((occupation) => ({
      ...instance,
      occupation,
    }));
    const { status, body } = await predict(url, { instances: odd });
    const [, astronaut, proto, cosmonaut] = body.predictions as number[];
    expect(status).toBe(200);
    expect([proto, cosmonaut]).toEqual([astronaut, astronaut]);
  });

  test.each([
    ['a string for a number', { age: '39' }, 'instances[3].age: expected number, received string "39"'],
    ['a null', { age: null }, 'instances[3].age: expected number, received null'],
    ['a missing number', { age: undefined }, 'instances[3].age: missing'],
    ['a missing category', { occupation: undefined }, 'instances[3].occupation: missing'],
    ['a number for a category', { race: 5 }, 'instances[3].race: expected string, received number 5'],
    ['an unknown field', { ocupation: 'Sales' }, 'instances[3].ocupation: unknown field'],
    [
      'two faults',
      { age: true, race: 5 },
      'instances[3].age: expected number, received boolean true (and 1 more)',
    ],
  ])('refuses %s, naming the field', async (_, fault, error) => {
    const batch = instances
      .slice(0, 5)
      .map((instance, index) => (index === 3 ? { ...instance, ...fault } : instance));
    expect(await predict(url, { instances: batch })).toEqual({ status: 400, body: { error } });
  });

  test.each([
    ['no JSON', '{"instances": [', /^the request body is not JSON: /],
    ['nothing', '', /^the request body is not JSON: /],
    ['no instances', '{}', /^instances: missing$/],
    [
      'one instance in place of a list',
      '{"instances": {}}',
      /^instances: expected array, received object {}$/,
    ],
    ['a list', '[]', /^the request body: expected object, received array \[\]$/],
    ['a list of lists', '{"instances": [[39]]}', /^instances\[0\]: expected object, received array \[39\]$/],
  ])('refuses a body with %s', async (_, body, error) => {
    const response = await predict(url, body);
    expect(response).toEqual({ status: 400, body: { error: expect.stringMatching(error) } });
  });

  test('refuses a body over the limit', async () => {
    const response = await predict(url, JSON.stringify({ instances: [' '.repeat(11 * 1024 * 1024)] }));
    expect(response).toMatchObject({
      status: 413,
      body: { error: expect.stringContaining('over 10485760 bytes') },
    });
  });

  test.each([
    ['GET', ROUTES.AIP_PREDICT_ROUTE, 405, 'POST'],
    ['POST', ROUTES.AIP_HEALTH_ROUTE, 405, 'GET'],
    ['GET', '/', 404, null],
    ['POST', '/predict', 404, null],
  ])('answers %s %s with %i', async (method, path, status, allow) => {
    const response = await fetch(url + path, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([status, allow]);
    expect(await response.json()).toEqual({ error: expect.any(String) });
  });
});
