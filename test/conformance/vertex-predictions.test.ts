import { fromValue, toValue } from '@google-cloud/aiplatform/build/src/helpers.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEndpoint, deploy, startVertex, uploadModel, type VertexServices } from './vertex-services.ts';

type Value = Parameters<typeof fromValue>[0];

let services: VertexServices;
let model: string;
let endpoint: string;
beforeAll(async () => {
  services = await startVertex();
  model = await uploadModel(services, { modelId: 'census' });
  endpoint = await createEndpoint(services, 'census');
  await deploy(services, endpoint, { model, id: '1', trafficSplit: { 0: 100 } });
});
afterAll(() => services.close());

async function predict(instances: object[], to = endpoint) {
  const [response] = await services.clients.predictions.predict({
    endpoint: to,
    instances: instances.map((instance) => toValue(instance)!),
    parameters: toValue({ explain: false }),
  });
  const metadata = fromValue(response.metadata as Value) as unknown as {
    parameters: object;
    pid: number;
  };
  return {
    ...response,
    metadata,
    predictions: (response.predictions ?? []).map((prediction) => fromValue(prediction as Value)),
  };
}

/** A call over REST, as curl would make it, from this process's identity. */
async function post(path: string, body: string, contentType = 'application/json') {
  const { GoogleAuth } = await import('google-auth-library');
  const client = await new GoogleAuth().getClient();
  return client.request({
    url: `https://us-central1-aiplatform.googleapis.com/v1/${path}`,
    method: 'POST',
    headers: { 'content-type': contentType },
    body,
    responseType: 'text',
    validateStatus: () => true,
  });
}

test('a prediction names the model that made it, and every double keeps its bits', async () => {
  const numbers = [0.1 + 0.2, 1 / 3, Number.MAX_VALUE, Number.MIN_VALUE, 2 ** 53 + 2, -1.5e-300];
  const instance = { numbers, name: 'Ünï "quoted"', none: null, yes: true, nested: { deep: [[], {}] } };
  const answer = await predict([instance]);
  expect(answer.predictions).toEqual([instance]);
  expect(answer).toMatchObject({
    deployedModelId: '1',
    model: model.split('@')[0],
    modelVersionId: '1',
    modelDisplayName: 'census',
    metadata: { parameters: { explain: false } },
  });
});

test("the container's refusal is the caller's error, with the container's words", async () => {
  await expect(predict([{ order: 'refuse', feature: 'agee' }])).rejects.toMatchObject({
    code: 3,
    message: expect.stringContaining('instance 0: unknown feature "agee"'),
  });
});

test("the container's failure is UNAVAILABLE", async () => {
  const predictions = services.clients.predictions;
  const request = { endpoint, instances: [toValue({ order: 'fail' })!] };
  await expect(predictions.predict(request, { retry: null })).rejects.toMatchObject({
    code: 14,
    message: expect.stringContaining('out of memory'),
  });
});

test('a server that died is started again', async () => {
  const mortal = await createEndpoint(services, 'mortal');
  await deploy(services, mortal, { model, id: '1', trafficSplit: { 0: 100 } });
  const before = await predict([{}], mortal);
  process.kill(before.metadata.pid, 'SIGKILL');
  const after = await predict([{}], mortal);
  expect(after.metadata.pid).not.toBe(before.metadata.pid);
});

test('a request that ends its server fails, and the next one is served', async () => {
  const poisoned = await createEndpoint(services, 'poisoned');
  await deploy(services, poisoned, { model, id: '1', trafficSplit: { 0: 100 } });
  await expect(predict([{ order: 'die' }], poisoned)).rejects.toMatchObject({ code: 14 });
  expect((await predict([{ age: 39 }], poisoned)).predictions).toEqual([{ age: 39 }]);
});

test('requests go to the deployed models by their shares', async () => {
  const shared = await createEndpoint(services, 'shared');
  await deploy(services, shared, { model, id: '1', trafficSplit: { 0: 100 } });
  await deploy(services, shared, { model, id: '2', trafficSplit: { 0: 50, 1: 50 } });
  await deploy(services, shared, { model, id: '3', trafficSplit: { 0: 0, 1: 50, 2: 50 } });
  const answers = await Promise.all(Array.from({ length: 60 }, () => predict([{}], shared)));
  const asked = new Set(answers.map(({ deployedModelId }) => deployedModelId));
  expect(asked).toEqual(new Set(['1', '2']));
});

test('an endpoint without traffic, and one that is not there, are told apart', async () => {
  const idle = await createEndpoint(services, 'idle');
  await expect(predict([{}], idle)).rejects.toMatchObject({ code: 9 });
  await expect(predict([{}], `${endpoint}-none`)).rejects.toMatchObject({ code: 5 });
});

test('a request of more than 1.5 MB is refused', async () => {
  await expect(predict([{ text: 'x'.repeat(1_500_000) }])).rejects.toMatchObject({ code: 3 });
});

test('a raw prediction passes the body through', async () => {
  const [answer] = await services.clients.predictions.rawPredict({
    endpoint,
    httpBody: { contentType: 'application/json', data: Buffer.from('{"instances":[{"age":39.5}]}') },
  });
  expect(answer.contentType).toBe('application/json');
  expect(JSON.parse(Buffer.from(answer.data as Uint8Array).toString())).toMatchObject({
    predictions: [{ age: 39.5 }],
  });
});

test('predictions are made over REST too', async () => {
  const answer = await post(`${endpoint}:predict`, '{"instances":[{"age":0.30000000000000004}]}');
  expect(answer.status).toBe(200);
  expect(JSON.parse(String(answer.data))).toMatchObject({
    predictions: [{ age: 0.30000000000000004 }],
    deployedModelId: '1',
    modelVersionId: '1',
  });
  const raw = await post(`${endpoint}:rawPredict`, '{"instances":[{"order":"refuse","feature":"x"}]}');
  expect(raw.status).toBe(400);
  expect(JSON.parse(String(raw.data))).toEqual({ error: 'instance 0: unknown feature "x"' });
  const empty = await post(`${endpoint}:predict`, '{}');
  expect(empty.status).toBe(400);
});
