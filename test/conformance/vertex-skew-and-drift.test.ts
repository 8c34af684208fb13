import { toValue } from '@google-cloud/aiplatform/build/src/helpers.js';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { BigQueryEngine } from '../../local/bigquery/engine.ts';
import { TEST_PROJECT } from './harness.ts';
import {
  createEndpoint,
  deploy,
  LOCATION,
  MODEL_BUCKET,
  PATIENCE,
  startVertexOn,
  uploadModel,
} from './vertex-services.ts';

const CHANNEL = `projects/${TEST_PROJECT}/notificationChannels/1`;
const SCHEMA = 'monitoring/schema.yaml';
const TRAIN = { projectId: TEST_PROJECT, datasetId: 'census', tableId: 'train' };

let services: Awaited<ReturnType<typeof startVertexOn<BigQueryEngine>>>;
let endpoint: string;
let job: string;

beforeAll(async () => {
  services = await startVertexOn((neighbours) => BigQueryEngine.open(neighbours));
  const { warehouse, objects } = services;
  await warehouse.createDataset({ projectId: TEST_PROJECT, datasetId: 'census', location: 'us-central1' });
  await warehouse.createTable(TRAIN, [
    { name: 'age', type: 'INTEGER' },
    { name: 'job', type: 'STRING' },
    { name: 'income', type: 'STRING' },
  ]);
  // Half of the ages in the lowest tenth of their range, half in the highest; three in four jobs are sales.
  await warehouse.append(
    TRAIN,
    [20, 20, 120, 120].map((age, i) => ({ age, job: i < 3 ? 'sales' : 'tech', income: 'high' })),
  );
  const schema = 'type: object\nproperties:\n  age:\n    type: integer\n  job:\n    type: string\n';
  await objects.write(MODEL_BUCKET, SCHEMA, Buffer.from(schema));
  const model = await uploadModel(services);
  endpoint = await createEndpoint(services, 'watched');
  await deploy(services, endpoint, { model, id: '1', trafficSplit: { 0: 100 } });
  job = await monitor();
}, 60_000);
afterAll(async () => {
  await services.close();
  await services.warehouse.close();
});

async function monitor(): Promise<string> {
  const thresholds = { age: { value: 0.3 }, job: { value: 0.25 } };
  const [made] = await services.clients.jobs.createModelDeploymentMonitoringJob({
    parent: LOCATION,
    modelDeploymentMonitoringJob: {
      displayName: 'watch',
      endpoint,
      modelDeploymentMonitoringObjectiveConfigs: [
        {
          deployedModelId: '1',
          objectiveConfig: {
            trainingDataset: {
              bigquerySource: { inputUri: `bq://${TEST_PROJECT}.census.train` },
              targetField: 'income',
            },
            trainingPredictionSkewDetectionConfig: { skewThresholds: thresholds },
            predictionDriftDetectionConfig: { driftThresholds: thresholds },
          },
        },
      ],
      modelDeploymentMonitoringScheduleConfig: { monitorInterval: { seconds: 3600 } },
      loggingSamplingStrategy: { randomSampleConfig: { sampleRate: 1 } },
      modelMonitoringAlertConfig: { enableLogging: true, notificationChannels: [CHANNEL] },
      analysisInstanceSchemaUri: `gs://${MODEL_BUCKET}/${SCHEMA}`,
      statsAnomaliesBaseDirectory: { outputUriPrefix: `gs://${MODEL_BUCKET}/monitoring/` },
    },
  });
  const name = made.name ?? '';
  const state = async () => (await services.clients.jobs.getModelDeploymentMonitoringJob({ name }))[0].state;
  await vi.waitFor(async () => expect(await state()).toBe('JOB_STATE_RUNNING'), PATIENCE);
  return name;
}

/** Sends a window's predictions, and has them analysed. */
async function window(...rows: { age: number; job: string }[]): Promise<void> {
  await services.clients.predictions.predict({ endpoint, instances: rows.map((row) => toValue(row)!) });
  await services.runMonitoring(job);
}

async function statistics(type: 'RAW_FEATURE_SKEW' | 'RAW_FEATURE_DRIFT', featureDisplayName = '') {
  const [[found]] = await services.clients.jobs.searchModelDeploymentMonitoringStatsAnomalies({
    modelDeploymentMonitoringJob: job,
    deployedModelId: '1',
    featureDisplayName,
    objectives: [{ type }],
  });
  const deviations = (found.featureStats ?? []).map(({ featureDisplayName: feature, predictionStats }) => [
    feature,
    predictionStats?.map(({ distributionDeviation }) => Number(distributionDeviation?.toFixed(6))),
  ]);
  return { ...found, deviations: Object.fromEntries(deviations) };
}

test('a window like the training table has no skew, and the first has nothing to drift from', async () => {
  await window(...[20, 20, 120, 120].map((age, i) => ({ age, job: i < 3 ? 'sales' : 'tech' })));
  expect(await statistics('RAW_FEATURE_SKEW')).toMatchObject({
    deployedModelId: '1',
    anomalyCount: 0,
    deviations: { age: [0], job: [0] },
  });
  expect((await statistics('RAW_FEATURE_DRIFT')).featureStats).toEqual([]);
  expect(services.notified).toEqual([]);
});

test('a shifted window is measured against the table and the window before, as by hand', async () => {
  // All of the ages in the lowest tenth, against half: as in test/unit/drift-distances.test.ts. No sales at all,
  // against three in four.
  await window(...[20, 20, 20, 20].map((age) => ({ age, job: 'tech' })));
  expect((await statistics('RAW_FEATURE_SKEW')).deviations).toEqual({ age: [0, 0.311278], job: [0, 0.75] });
  expect((await statistics('RAW_FEATURE_DRIFT')).deviations).toEqual({ age: [0.311278], job: [0.75] });
  const { featureStats, anomalyCount } = await statistics('RAW_FEATURE_SKEW', 'age');
  expect(anomalyCount).toBe(1);
  expect(featureStats).toMatchObject([
    {
      featureDisplayName: 'age',
      threshold: { value: 0.3 },
      predictionStats: [{}, { anomalyDetectionThreshold: 0.3 }],
    },
  ]);
});

test('the statistics lie under the base directory, and the job tells of its last run', async () => {
  const { featureStats } = await statistics('RAW_FEATURE_SKEW', 'age');
  const { statsUri, anomalyUri } = featureStats![0].predictionStats!.at(-1)!;
  for (const [uri, file] of [
    [statsUri, 'stats'],
    [anomalyUri, 'anomalies'],
  ]) {
    const place = new RegExp(`^gs://${MODEL_BUCKET}/monitoring/model_monitoring/job-\\d+/.+/age/${file}$`);
    expect(uri).toMatch(place);
    expect(
      Number(services.objects.stat(MODEL_BUCKET, uri!.split('/').slice(3).join('/')).size),
    ).toBeGreaterThan(20);
  }
  const [{ latestMonitoringPipelineMetadata, nextScheduleTime, scheduleState }] =
    await services.clients.jobs.getModelDeploymentMonitoringJob({ name: job });
  const ran = Number(latestMonitoringPipelineMetadata?.runTime?.seconds);
  expect(latestMonitoringPipelineMetadata?.status?.code).toBe(0);
  expect(Number(nextScheduleTime?.seconds) - ran).toBe(3600);
  expect(scheduleState).toBe('OFFLINE');
});

test('the alert goes to the channel once for the run, and its anomalies to the log', async () => {
  expect(services.notified).toMatchObject([
    {
      channel: CHANNEL,
      incident: {
        state: 'open',
        resource: {
          type: 'aiplatform.googleapis.com/ModelDeploymentMonitoringJob',
          labels: { model_deployment_monitoring_job: job.split('/').at(-1) },
        },
      },
    },
  ]);
  const entries = services.logs.filter(({ logName }) => logName.endsWith('model_monitoring_anomaly'));
  expect(entries.map(({ jsonPayload }) => jsonPayload)).toMatchObject([
    {
      anomalyObjective: 'RAW_FEATURE_SKEW',
      totalAnomaliesCount: 2,
      featureAnomalies: [{ featureDisplayName: 'age', threshold: 0.3 }, { featureDisplayName: 'job' }],
    },
    { anomalyObjective: 'RAW_FEATURE_DRIFT', totalAnomaliesCount: 2 },
  ]);
});

test('a window without predictions is no anomaly, and after a restart the statistics are there', async () => {
  await services.runMonitoring(job);
  await services.restart();
  expect((await statistics('RAW_FEATURE_SKEW')).deviations).toMatchObject({ age: [0, 0.311278] });
  expect(services.notified).toHaveLength(1);
});

test('a paused job does not run', async () => {
  await services.clients.jobs.pauseModelDeploymentMonitoringJob({ name: job });
  await expect(async () => services.runMonitoring(job)).rejects.toMatchObject({
    status: 'FAILED_PRECONDITION',
  });
});
