import { toValue } from '@google-cloud/aiplatform/build/src/helpers.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TEST_PROJECT } from './harness.ts';
import {
  createEndpoint,
  deploy,
  KEY,
  LOCATION,
  PATIENCE,
  startVertex,
  uploadModel,
} from './vertex-services.ts';

const TRAINING_TABLE = { projectId: TEST_PROJECT, datasetId: 'census', tableId: 'train' };

let services: Awaited<ReturnType<typeof startVertex>>;
let model: string;
beforeAll(async () => {
  services = await startVertex();
  await services.warehouse.createTable(TRAINING_TABLE, [{ name: 'age', type: 'INTEGER' }]);
  model = await uploadModel(services, { modelId: 'census', kmsKeyName: KEY });
});
afterAll(() => services.close());

async function monitoredEndpoint(id: string): Promise<string> {
  const endpoint = await createEndpoint(services, id, KEY);
  await deploy(services, endpoint, { model, id: '1', trafficSplit: { 0: 100 } });
  return endpoint;
}

function objective(deployedModelId: string, table = 'train') {
  return {
    deployedModelId,
    objectiveConfig: {
      trainingDataset: {
        bigquerySource: { inputUri: `bq://${TEST_PROJECT}.census.${table}` },
        targetField: 'income',
      },
      trainingPredictionSkewDetectionConfig: { skewThresholds: { age: { value: 0.3 } } },
      predictionDriftDetectionConfig: { driftThresholds: { age: { value: 0.05 } } },
    },
  };
}

function jobOf(endpoint: string, change: object = {}) {
  return {
    displayName: 'census monitoring',
    endpoint,
    modelDeploymentMonitoringObjectiveConfigs: [objective('1')],
    modelDeploymentMonitoringScheduleConfig: { monitorInterval: { seconds: 3600 } },
    loggingSamplingStrategy: { randomSampleConfig: { sampleRate: 1 } },
    modelMonitoringAlertConfig: { emailAlertConfig: { userEmails: ['ml@example.com'] }, enableLogging: true },
    encryptionSpec: { kmsKeyName: KEY },
    ...change,
  };
}

async function monitor(endpoint: string, change: object = {}): Promise<string> {
  const [job] = await services.clients.jobs.createModelDeploymentMonitoringJob({
    parent: LOCATION,
    modelDeploymentMonitoringJob: jobOf(endpoint, change),
  });
  return job.name ?? '';
}

const get = async (name: string) =>
  (await services.clients.jobs.getModelDeploymentMonitoringJob({ name }))[0];

test('a job comes to run, and the endpoint names it', async () => {
  const endpoint = await monitoredEndpoint('runs');
  const name = await monitor(endpoint);
  await expect.poll(async () => (await get(name)).state, PATIENCE).toBe('JOB_STATE_RUNNING');
  const job = await get(name);
  expect(job.bigqueryTables).toMatchObject([
    { bigqueryTablePath: `bq://${TEST_PROJECT}.model_deployment_monitoring_runs.serving_predict` },
  ]);
  expect(job.latestMonitoringPipelineMetadata).toBeNull();
  const [{ modelDeploymentMonitoringJob }] = await services.clients.endpoints.getEndpoint({ name: endpoint });
  expect(modelDeploymentMonitoringJob).toBe(name);
  const [listed] = await services.clients.jobs.listModelDeploymentMonitoringJobs({
    parent: LOCATION,
    filter: `endpoint="${endpoint}" AND display_name="census monitoring"`,
  });
  expect(listed.map((each) => each.name)).toEqual([name]);
  const dataset = services.warehouse.datasets.get(`${TEST_PROJECT}.model_deployment_monitoring_runs`);
  expect(dataset?.kmsKeyName).toBe(KEY);
});

test('an endpoint has one job', async () => {
  const endpoint = await monitoredEndpoint('one-job');
  const name = await monitor(endpoint);
  await expect(monitor(endpoint)).rejects.toMatchObject({ code: 6, message: expect.stringContaining(name) });
});

test('sampled predictions are logged to BigQuery', async () => {
  const endpoint = await monitoredEndpoint('logged-to-bq');
  const name = await monitor(endpoint);
  await expect.poll(async () => (await get(name)).state, PATIENCE).toBe('JOB_STATE_RUNNING');
  await services.clients.predictions.predict({
    endpoint,
    instances: [toValue({ age: 39 })!, toValue({ age: 50 })!],
  });
  const table = `${TEST_PROJECT}.model_deployment_monitoring_logged_to_bq.serving_predict`;
  await expect.poll(() => services.warehouse.rows.get(table)?.length, PATIENCE).toBe(1);
  expect(services.warehouse.rows.get(table)).toMatchObject([
    {
      deployed_model_id: '1',
      request_payload: ['{"age":39}', '{"age":50}'],
      response_payload: ['{"age":39}', '{"age":50}'],
    },
  ]);
});

test('a paused job logs nothing until it is resumed', async () => {
  const endpoint = await monitoredEndpoint('paused');
  const name = await monitor(endpoint);
  await expect.poll(async () => (await get(name)).state, PATIENCE).toBe('JOB_STATE_RUNNING');
  const predict = (age: number) =>
    services.clients.predictions.predict({ endpoint, instances: [toValue({ age })!] });
  await services.clients.jobs.pauseModelDeploymentMonitoringJob({ name });
  await predict(1);
  await services.clients.jobs.resumeModelDeploymentMonitoringJob({ name });
  await predict(2);
  const table = `${TEST_PROJECT}.model_deployment_monitoring_paused.serving_predict`;
  await expect.poll(() => services.warehouse.rows.get(table)?.length, PATIENCE).toBe(1);
  expect(services.warehouse.rows.get(table)?.[0].request_payload).toEqual(['{"age":2}']);
});

test('an update takes a new deployed model under watch, by the mask', async () => {
  const endpoint = await monitoredEndpoint('updated');
  const name = await monitor(endpoint);
  await deploy(services, endpoint, { model, id: '2', trafficSplit: { 0: 25, 1: 75 } });
  const update = (change: object, paths: string[]) =>
    services.clients.jobs.updateModelDeploymentMonitoringJob({
      modelDeploymentMonitoringJob: { ...jobOf(endpoint), name, ...change },
      updateMask: { paths },
    });
  const configs = { modelDeploymentMonitoringObjectiveConfigs: [objective('1'), objective('2')] };
  const [operation] = await update({ ...configs, displayName: 'not masked' }, [
    'model_deployment_monitoring_objective_configs',
  ]);
  await operation.promise();
  const job = await get(name);
  expect(job.displayName).toBe('census monitoring');
  expect(
    job.modelDeploymentMonitoringObjectiveConfigs?.map(({ deployedModelId }) => deployedModelId),
  ).toEqual(['1', '2']);
  const thresholds = { ...objective('2').objectiveConfig };
  thresholds.trainingPredictionSkewDetectionConfig = { skewThresholds: { age: { value: 0.6 } } };
  const [partial] = await update(
    { modelDeploymentMonitoringObjectiveConfigs: [{ deployedModelId: '2', objectiveConfig: thresholds }] },
    [
      'model_deployment_monitoring_objective_configs.objective_config.training_prediction_skew_detection_config',
    ],
  );
  await partial.promise();
  const values = (await get(name)).modelDeploymentMonitoringObjectiveConfigs?.map(
    ({ objectiveConfig }) =>
      objectiveConfig?.trainingPredictionSkewDetectionConfig?.skewThresholds?.age.value,
  );
  expect(values).toEqual([0.3, 0.6]);
  await expect(update({}, ['encryption_spec'])).rejects.toMatchObject({ code: 3 });
});

test('a deleted job frees its endpoint', async () => {
  const endpoint = await monitoredEndpoint('freed');
  const name = await monitor(endpoint);
  const [operation] = await services.clients.jobs.deleteModelDeploymentMonitoringJob({ name });
  await operation.promise();
  await expect(get(name)).rejects.toMatchObject({ code: 5 });
  await expect(monitor(endpoint)).resolves.not.toBe(name);
});

test('a job that names what is not there is refused', async () => {
  const endpoint = await monitoredEndpoint('refuses');
  await expect(monitor(`${endpoint}-none`)).rejects.toMatchObject({ code: 5 });
  const withObjective = (config: object) => ({ modelDeploymentMonitoringObjectiveConfigs: [config] });
  await expect(monitor(endpoint, withObjective(objective('9')))).rejects.toMatchObject({ code: 5 });
  await expect(monitor(endpoint, withObjective(objective('1', 'none')))).rejects.toMatchObject({ code: 5 });
  for (const sampleRate of [0, 1.5]) {
    const loggingSamplingStrategy = { randomSampleConfig: { sampleRate } };
    await expect(monitor(endpoint, { loggingSamplingStrategy })).rejects.toMatchObject({ code: 3 });
  }
});
