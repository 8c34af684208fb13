import { toValue } from '@google-cloud/aiplatform/build/src/helpers.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { monitoringGrpc } from '../../local/monitoring/grpc.ts';
import { TEST_PROJECT } from './harness.ts';
import { createEndpoint, deploy, startVertex, uploadModel, type VertexServices } from './vertex-services.ts';

const METRIC = 'aiplatform.googleapis.com/prediction/online/response_count';
const name = `projects/${TEST_PROJECT}`;

let services: VertexServices;
let endpoint: string;
beforeAll(async () => {
  services = await startVertex((vertex) => monitoringGrpc([vertex.responses]));
  endpoint = await createEndpoint(services, 'counted');
  const model = await uploadModel(services, { modelId: 'counted' });
  await deploy(services, endpoint, { model, id: '1', trafficSplit: { 0: 100 } });
});
afterAll(() => services.close());

async function metricsClient() {
  const { MetricServiceClient } = await import('@google-cloud/monitoring');
  return new MetricServiceClient();
}

const at = (ms: number) => ({ seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 });
/** From a minute ago: the counts are a minute's, and begin with it. */
const lately = () => ({ startTime: at(Date.now() - 60_000), endTime: at(Date.now() + 1000) });

async function ask(instance: object): Promise<void> {
  const request = { endpoint, instances: [toValue(instance)!] };
  await services.clients.predictions.predict(request, { retry: null }).catch(() => undefined);
}

test('the answers of a deployed model are counted by their code, for the model alone', async () => {
  await Promise.all([{}, {}, {}, { order: 'fail' }, { order: 'refuse' }].map(ask));
  const client = await metricsClient();
  const filter = (id: string) =>
    `metric.type="${METRIC}" AND resource.labels.endpoint_id="counted" AND metric.labels.deployed_model_id="${id}"`;
  const [series] = await client.listTimeSeries({ name, filter: filter('1'), interval: lately() });
  const counts = series.map(({ metric, points }) => [
    metric?.labels?.response_code,
    (points ?? []).reduce((sum, { value }) => sum + Number(value?.int64Value), 0),
  ]);
  expect(Object.fromEntries(counts)).toEqual({ 200: 3, 400: 1, 503: 1 });
  expect(series[0]).toMatchObject({
    metricKind: 'DELTA',
    valueType: 'INT64',
    resource: { type: 'aiplatform.googleapis.com/Endpoint', labels: { location: 'us-central1' } },
  });
  const [others] = await client.listTimeSeries({ name, filter: filter('2'), interval: lately() });
  expect(others).toEqual([]);
  await client.close();
});

test('an interval that ended before has nothing, and what is not read of a filter says so', async () => {
  const client = await metricsClient();
  const past = { startTime: at(Date.now() - 7_200_000), endTime: at(Date.now() - 3_600_000) };
  const filter = `metric.type="${METRIC}"`;
  expect((await client.listTimeSeries({ name, filter, interval: past }))[0]).toEqual([]);
  for (const request of [{ filter: 'metric.type=starts_with("a")' }, { filter, aggregation: {} }]) {
    await expect(client.listTimeSeries({ name, interval: past, ...request })).rejects.toMatchObject({
      code: 12,
    });
  }
  await client.close();
});
