import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type DataflowService,
  ended,
  FLEX,
  failure,
  LINE_TIMEOUT_MS,
  LOCATION,
  launch,
  parameters,
  prepareTest,
  put,
  startDataflow,
} from './dataflow-service.ts';
import { TEST_PROJECT } from './harness.ts';

let service: DataflowService;

beforeAll(async () => {
  service = await startDataflow();
});
beforeEach(() => prepareTest(service));
afterAll(() => service.close());

const rows = () =>
  service.warehouse.query(TEST_PROJECT, `SELECT * FROM census.${service.table} ORDER BY age`);

describe('the template GCS_Text_to_BigQuery', () => {
  test('transforms the matching files and appends their rows', async () => {
    await put(service, 'drop/a.csv', 'name,age\nann,30\r\nbob,40\n');
    await put(service, 'drop/b.csv', 'name,age\ncy,50');
    await put(service, 'drop/deeper/c.csv', 'dan,60');
    const jobId = await launch(service, parameters(service, 'drop/*.csv'));
    const job = await ended(service, jobId);
    expect(job).toMatchObject({
      currentState: 'JOB_STATE_DONE',
      labels: { run: 'r1' },
      environment: {
        serviceAccountEmail: 'ingest@p.iam.gserviceaccount.com',
        serviceKmsKeyName: 'projects/k/key',
        workerPools: [{ subnetwork: 'https://example.com/subnet', ipConfiguration: 'WORKER_IP_PRIVATE' }],
      },
    });
    expect(await rows()).toEqual([
      { name: 'ann', age: 30 },
      { name: 'bob', age: 40 },
      { name: 'cy', age: 50 },
    ]);
    expect(
      service.changes.filter((change) => change.id === jobId).map((change) => change.currentState),
    ).toEqual(['JOB_STATE_QUEUED', 'JOB_STATE_RUNNING', 'JOB_STATE_DONE']);
    const [{ metrics: counters }] = await service.metrics.getJobMetrics({
      projectId: TEST_PROJECT,
      location: LOCATION,
      jobId,
    });
    expect(counters?.map(({ name, scalar }) => [name?.name, scalar?.numberValue])).toEqual([
      ['linesRead', 5],
      ['linesDropped', 2],
      ['rowsWritten', 3],
    ]);
    expect(service.logs.some((entry) => entry.resource.labels.job_id === jobId)).toBe(true);
  });

  test('appends to what the table has', async () => {
    await put(service, 'one.csv', 'ann,30');
    await ended(service, await launch(service, parameters(service, 'one.csv')));
    await ended(service, await launch(service, parameters(service, 'one.csv')));
    expect(await rows()).toHaveLength(2);
  });

  test('runs as a flex template', async () => {
    await put(service, 'one.csv', 'ann,30');
    const [{ job }] = await service.flexTemplates.launchFlexTemplate({
      projectId: TEST_PROJECT,
      location: LOCATION,
      launchParameter: {
        jobName: `flex-${service.table}`,
        containerSpecGcsPath: FLEX,
        parameters: parameters(service, 'one.csv', { useStorageWriteApi: 'false' }),
      },
    });
    expect(await ended(service, job!.id!)).toMatchObject({ currentState: 'JOB_STATE_DONE' });
    expect(await rows()).toEqual([{ name: 'ann', age: 30 }]);
  });

  test.each([
    [
      'throws',
      `function transform(l) { if (l === 'bad') throw new Error('boom'); return '{"name":"x"}'; }`,
      'line 2: transform threw boom',
    ],
    [
      'returns no string',
      `function transform(l) { return l === 'bad' ? 5 : '{"name":"x"}'; }`,
      'line 2: UDF Function did not return a String. Instead got: number',
    ],
    [
      'hangs',
      `function transform(l) { while (l === 'bad') {} return '{"name":"x"}'; }`,
      `line 2: the UDF did not return within ${LINE_TIMEOUT_MS} ms`,
    ],
    [
      'eats memory',
      `var a = []; function transform(l) { while (l === 'bad') { a.push([1, 2, 3, 4, 5, 6, 7, 8]); } return '{"name":"x"}'; }`,
      'line 2: Worker terminated due to reaching memory limit',
    ],
    ['returns no JSON', `function transform(l) { return l; }`, 'row 1: '],
    ['returns an unknown field', `function transform(l) { return '{"nom":"x"}'; }`, 'No such field: nom.'],
    [
      'returns a wrong type',
      `function transform(l) { return '{"age":"old"}'; }`,
      'Could not convert value to integer. Field: age; Value: old',
    ],
    ['reaches for Node', `function transform(l) { return process.version; }`, 'process is not defined'],
    ['is missing', `function other(l) { return l; }`, 'No such function transform'],
    [
      'is newer than Nashorn',
      `class A {} function transform(l) { return l; }`,
      'Nashorn does not support classes',
    ],
    [
      'calls what the engine has no such method of',
      `function transform(l) { return l.includes('g') ? null : null; }`,
      'line 1: transform threw TypeError: l.includes is not a function',
    ],
    ['is a module', `export function transform(l) { return l; }`, 'ship them as ES5'],
  ])('fails and writes nothing when the UDF %s', async (_, udf, reason) => {
    await put(service, 'in.csv', 'good\nbad\ngood');
    await put(service, 'udf.js', udf);
    expect(await failure(service, await launch(service, parameters(service, 'in.csv')))).toContain(reason);
    expect(
      service.warehouse.catalog.findTable({
        projectId: TEST_PROJECT,
        datasetId: 'census',
        tableId: service.table,
      }),
    ).toBeUndefined();
  });

  test('fails when no file matches', async () => {
    expect(await failure(service, await launch(service, parameters(service, 'absent-*.csv')))).toContain(
      'No files matched spec: gs://data/absent-*.csv',
    );
  });

  test('loads tens of thousands of lines', async () => {
    const lines = Array.from({ length: 32_561 }, (_, index) => `name ${index},${index % 90}`);
    await put(service, 'many.csv', ['name,age', ...lines].join('\r\n'));
    expect(await ended(service, await launch(service, parameters(service, 'many.csv')))).toMatchObject({
      currentState: 'JOB_STATE_DONE',
    });
    const sums = await service.warehouse.query(
      TEST_PROJECT,
      `SELECT COUNT(*) AS n, MAX(age) AS oldest FROM census.${service.table}`,
    );
    expect(sums).toEqual([{ n: 32_561, oldest: 89 }]);
  });
});
