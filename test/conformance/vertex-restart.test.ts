import { toValue } from '@google-cloud/aiplatform/build/src/helpers.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createEndpoint,
  deploy,
  jobIn,
  LOCATION,
  startVertex,
  trainerPool,
  uploadModel,
  type VertexServices,
} from './vertex-services.ts';

let services: VertexServices;
beforeAll(async () => {
  services = await startVertex();
});
afterAll(() => services.close());

test('a second start sees models, deployments and jobs, and serves predictions again', async () => {
  await uploadModel(services, { modelId: 'census' });
  const second = await uploadModel(services, {
    parentModel: `${LOCATION}/models/census`,
    versionAliases: ['champion'],
  });
  const endpoint = await createEndpoint(services, 'census');
  await deploy(services, endpoint, { model: second, id: '1', trafficSplit: { 0: 100 } });
  const [ended] = await services.clients.jobs.createCustomJob({
    parent: LOCATION,
    customJob: { displayName: 'ended', jobSpec: { workerPoolSpecs: [trainerPool()] } },
  });
  await jobIn(services, ended.name ?? '', 'JOB_STATE_SUCCEEDED');
  const [running] = await services.clients.jobs.createCustomJob({
    parent: LOCATION,
    customJob: { displayName: 'running', jobSpec: { workerPoolSpecs: [trainerPool(['--wait-for-signal'])] } },
  });
  await jobIn(services, running.name ?? '', 'JOB_STATE_RUNNING');
  const startedBefore = services.containers.started.map(({ pid }) => pid);

  await services.restart();

  for (const pid of startedBefore) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  const { jobs, models, endpoints, predictions } = services.clients;
  const [model] = await models.getModel({ name: `${LOCATION}/models/census@champion` });
  expect(model.versionId).toBe('2');
  expect((await endpoints.getEndpoint({ name: endpoint }))[0].trafficSplit).toEqual({ '1': 100 });
  const [answer] = await predictions.predict({ endpoint, instances: [toValue({ age: 39 })!] });
  expect(answer).toMatchObject({ deployedModelId: '1', modelVersionId: '2' });
  expect((await jobs.getCustomJob({ name: ended.name }))[0].state).toBe('JOB_STATE_SUCCEEDED');
  const [interrupted] = await jobs.getCustomJob({ name: running.name });
  expect(interrupted.state).toBe('JOB_STATE_FAILED');
  expect(interrupted.error?.message).toContain('interrupted when the local cloud stopped');
});

test('an operation that a stop interrupts ends with an error', async () => {
  const slow = await uploadModel(services, {
    modelId: 'never-healthy',
    image: 'train',
    args: ['--wait-for-signal'],
  });
  const endpoint = await createEndpoint(services, 'interrupted');
  const [operation] = await services.clients.endpoints.deployModel({
    endpoint,
    deployedModel: {
      model: slow,
      dedicatedResources: { machineSpec: { machineType: 'n1-standard-2' }, minReplicaCount: 1 },
    },
  });

  await services.restart();

  const progress = await services.clients.endpoints.checkDeployModelProgress(operation.name ?? '');
  expect(progress.done).toBe(true);
  expect(progress.error).toMatchObject({ code: 10 });
});
