import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createEndpoint,
  deploy,
  IMAGES,
  KEY,
  LOCATION,
  MODEL_BUCKET,
  OTHER_KEY,
  startVertex,
  uploadModel,
  type VertexServices,
} from './vertex-services.ts';

let services: VertexServices;
let model: string;
beforeAll(async () => {
  services = await startVertex();
  model = await uploadModel(services, { modelId: 'census', versionAliases: ['champion'] });
});
afterAll(() => services.close());

const get = async (name: string) => (await services.clients.endpoints.getEndpoint({ name }))[0];

test('an endpoint has the id that its caller chose, once', async () => {
  const name = await createEndpoint(services, 'chosen');
  expect(name).toBe(`${LOCATION}/endpoints/chosen`);
  await expect(createEndpoint(services, 'chosen')).rejects.toMatchObject({ code: 6 });
  await expect(createEndpoint(services, 'Not-Lower')).rejects.toMatchObject({ code: 3 });
});

test('a model is deployed by alias, under the id that its caller chose', async () => {
  const endpoint = await createEndpoint(services, 'by-alias');
  const deployed = await deploy(services, endpoint, {
    model: `${LOCATION}/models/census@champion`,
    id: '1234567890',
    trafficSplit: { 0: 100 },
  });
  expect(deployed).toMatchObject({ id: '1234567890', modelVersionId: '1', displayName: 'census' });
  const { trafficSplit, deployedModels } = await get(endpoint);
  expect(trafficSplit).toEqual({ '1234567890': 100 });
  expect(deployedModels).toMatchObject([{ model: `${LOCATION}/models/census`, modelVersionId: '1' }]);
  await expect(deploy(services, endpoint, { model, id: '1234567890' })).rejects.toMatchObject({ code: 6 });
  await expect(deploy(services, endpoint, { model, id: 'ten-digits' })).rejects.toMatchObject({ code: 3 });
});

test('the container learns where it is by the AIP_* variables', async () => {
  const endpoint = await createEndpoint(services, 'variables');
  const [operation] = await services.clients.models.uploadModel({
    parent: LOCATION,
    modelId: 'default-routes',
    model: {
      displayName: 'default-routes',
      artifactUri: `gs://${MODEL_BUCKET}/runs/1/model`,
      containerSpec: { imageUri: `${IMAGES}/serve`, env: [{ name: 'THREADS', value: '2' }] },
    },
  });
  const [{ model: uploaded }] = await operation.promise();
  await deploy(services, endpoint, { model: uploaded ?? '', id: '5', trafficSplit: { 0: 100 } });
  const { env } = services.containers.started.at(-1)!;
  const route = '/v1/endpoints/variables/deployedModels/5:predict';
  expect(env).toMatchObject({
    AIP_HEALTH_ROUTE: route,
    AIP_PREDICT_ROUTE: route,
    AIP_ENDPOINT_ID: 'variables',
    AIP_DEPLOYED_MODEL_ID: '5',
    AIP_STORAGE_URI: expect.stringMatching(/^gs:\/\/vertex-managed-test-project\/\d+\/artifacts$/),
    THREADS: '2',
  });
});

test('traffic is split anew by a deployment, and moved by an update', async () => {
  const endpoint = await createEndpoint(services, 'split');
  await deploy(services, endpoint, { model, id: '1', trafficSplit: { 0: 100 } });
  await expect(deploy(services, endpoint, { model, id: '2', trafficSplit: { 0: 25 } })).rejects.toMatchObject(
    {
      code: 3,
      message: expect.stringContaining('100'),
    },
  );
  await expect(
    deploy(services, endpoint, { model, id: '2', trafficSplit: { 0: 25, 9: 75 } }),
  ).rejects.toMatchObject({ code: 3 });
  await deploy(services, endpoint, { model, id: '2', trafficSplit: { 0: 25, 1: 75 } });
  await deploy(services, endpoint, { model, id: '3' });
  const before = await get(endpoint);
  expect(before.trafficSplit).toEqual({ '1': 75, '2': 25 });

  await services.clients.endpoints.updateEndpoint({
    endpoint: { name: endpoint, etag: before.etag, trafficSplit: { '2': 100 } },
    updateMask: { paths: ['traffic_split'] },
  });
  expect((await get(endpoint)).trafficSplit).toEqual({ '2': 100 });
  await expect(
    services.clients.endpoints.updateEndpoint({
      endpoint: { name: endpoint, etag: before.etag, trafficSplit: { '1': 100 } },
      updateMask: { paths: ['traffic_split'] },
    }),
  ).rejects.toMatchObject({ code: 10 });
});

test('a model with traffic is undeployed only with its traffic moved', async () => {
  const endpoint = await createEndpoint(services, 'undeploy');
  await deploy(services, endpoint, { model, id: '1', trafficSplit: { 0: 100 } });
  await deploy(services, endpoint, { model, id: '2', trafficSplit: { 0: 50, 1: 50 } });
  const { endpoints } = services.clients;
  const { pid } = services.containers.started.at(-2)!;
  await expect(endpoints.undeployModel({ endpoint, deployedModelId: '1' })).rejects.toMatchObject({
    code: 9,
  });
  await expect(endpoints.deleteEndpoint({ name: endpoint })).rejects.toMatchObject({ code: 9 });
  const [moved] = await endpoints.undeployModel({ endpoint, deployedModelId: '1', trafficSplit: { 2: 100 } });
  await moved.promise();
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  expect((await get(endpoint)).trafficSplit).toEqual({ '2': 100 });
  const [last] = await endpoints.undeployModel({ endpoint, deployedModelId: '2' });
  await last.promise();
  expect(await get(endpoint)).toMatchObject({ trafficSplit: {}, deployedModels: [] });
  const [deletion] = await endpoints.deleteEndpoint({ name: endpoint });
  await deletion.promise();
  await expect(get(endpoint)).rejects.toMatchObject({ code: 5 });
});

test('a server that ends before it is healthy fails the deployment with its last words', async () => {
  const endpoint = await createEndpoint(services, 'broken');
  const broken = await uploadModel(services, { modelId: 'broken', image: 'broken' });
  await expect(deploy(services, endpoint, { model: broken, trafficSplit: { 0: 100 } })).rejects.toThrow(
    /exited with status 7 before it was healthy.*\n.*model\.json: no such object/,
  );
  expect((await get(endpoint)).deployedModels).toEqual([]);
});

test('two deployments at once on one endpoint are refused', async () => {
  const endpoint = await createEndpoint(services, 'busy');
  const dedicatedResources = { machineSpec: { machineType: 'n1-standard-2' }, minReplicaCount: 1 };
  const start = () =>
    services.clients.endpoints.deployModel({ endpoint, deployedModel: { model, dedicatedResources } });
  const [operation] = await start();
  await expect(start()).rejects.toMatchObject({
    code: 9,
    message: expect.stringContaining(operation.name ?? ''),
  });
  await operation.promise();
});

test('an endpoint and its models have the same key', async () => {
  const keyed = await uploadModel(services, { modelId: 'keyed', kmsKeyName: KEY });
  const endpoint = await createEndpoint(services, 'keyed', KEY);
  const other = await createEndpoint(services, 'other-key', OTHER_KEY);
  await deploy(services, endpoint, { model: keyed });
  await expect(deploy(services, other, { model: keyed })).rejects.toMatchObject({ code: 9 });
  await expect(deploy(services, endpoint, { model })).rejects.toMatchObject({
    code: 9,
    message: expect.stringContaining(KEY),
  });
});

test('a deployment without replicas is refused', async () => {
  const endpoint = await createEndpoint(services, 'no-replicas');
  const machineSpec = { machineType: 'n1-standard-2' };
  for (const dedicatedResources of [
    undefined,
    { machineSpec },
    { machineSpec, minReplicaCount: 3, maxReplicaCount: 2 },
  ]) {
    await expect(
      services.clients.endpoints.deployModel({ endpoint, deployedModel: { model, dedicatedResources } }),
    ).rejects.toMatchObject({ code: 3 });
  }
});

test('replica counts of a deployed model can be changed', async () => {
  const endpoint = await createEndpoint(services, 'mutated');
  await deploy(services, endpoint, { model, id: '1' });
  const [operation] = await services.clients.endpoints.mutateDeployedModel({
    endpoint,
    deployedModel: {
      id: '1',
      dedicatedResources: { machineSpec: {}, minReplicaCount: 2, maxReplicaCount: 4 },
    },
    updateMask: { paths: ['dedicated_resources.min_replica_count', 'dedicated_resources.max_replica_count'] },
  });
  await operation.promise();
  expect((await get(endpoint)).deployedModels?.[0].dedicatedResources).toMatchObject({
    machineSpec: { machineType: 'n1-standard-2' },
    minReplicaCount: 2,
    maxReplicaCount: 4,
  });
});
