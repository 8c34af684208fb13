import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  FlexTemplatesServiceClient,
  JobsV1Beta3Client,
  MessagesV1Beta3Client,
  MetricsV1Beta3Client,
  TemplatesServiceClient,
} from '@google-cloud/dataflow';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { BigQueryEngine } from '../../local/bigquery/engine.ts';
import type { LogEntry } from '../../local/boundaries.ts';
import { DataflowEngine } from '../../local/dataflow/engine.ts';
import { dataflowGrpc } from '../../local/dataflow/grpc.ts';
import type { DataflowJob } from '../../local/dataflow/job.ts';
import { StorageEngine } from '../../local/storage/storage-engine.ts';
import { type Services, startServices, TEST_PROJECT } from './harness.ts';

const LOCATION = 'us-central1';
const CLASSIC = `gs://dataflow-templates-${LOCATION}/latest/GCS_Text_to_BigQuery`;
const FLEX = `gs://dataflow-templates-${LOCATION}/latest/flex/GCS_Text_to_BigQuery_Flex`;
const UDF = `function transform(line) {
  if (line === 'name,age') return null;
  var cells = line.split(',');
  return JSON.stringify({ name: cells[0], age: cells[1] });
}`;
const SCHEMA = {
  'BigQuery Schema': [
    { name: 'name', type: 'STRING' },
    { name: 'age', type: 'INTEGER' },
  ],
};

let stateDir: string;
let objects: StorageEngine;
let warehouse: BigQueryEngine;
let engine: DataflowEngine;
let services: Services;
let templates: TemplatesServiceClient;
let flexTemplates: FlexTemplatesServiceClient;
let jobs: JobsV1Beta3Client;
let messages: MessagesV1Beta3Client;
let metrics: MetricsV1Beta3Client;
const changes: DataflowJob[] = [];
const logs: LogEntry[] = [];
let count = 0;
let table: string;

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'baton-dataflow-'));
  objects = new StorageEngine({ stateDir });
  objects.createBucket({ name: 'data', project: TEST_PROJECT, location: LOCATION });
  warehouse = await BigQueryEngine.open({ stateDir, objects });
  await warehouse.createDataset({ projectId: TEST_PROJECT, datasetId: 'census', location: LOCATION });
  engine = new DataflowEngine({
    stateDir,
    objects,
    warehouse,
    logs: { write: (entry) => logs.push(entry) },
    limits: { lineTimeoutMs: 1_000, memoryMb: 32 },
    onStateChange: (job) => changes.push(job),
  });
  services = await startServices({ grpc: [dataflowGrpc(engine)], stateDir });
  const dataflow = await import('@google-cloud/dataflow');
  templates = new dataflow.TemplatesServiceClient();
  flexTemplates = new dataflow.FlexTemplatesServiceClient();
  jobs = new dataflow.JobsV1Beta3Client();
  messages = new dataflow.MessagesV1Beta3Client();
  metrics = new dataflow.MetricsV1Beta3Client();
});

afterAll(async () => {
  await engine.close();
  await services.close();
  await warehouse.close();
  rmSync(stateDir, { recursive: true, force: true });
});

beforeEach(async () => {
  table = `t${++count}`;
  await put('schema.json', JSON.stringify(SCHEMA));
  await put('udf.js', UDF);
});

const put = (name: string, text: string) => objects.write('data', name, Buffer.from(text));
const outputTable = () => `${TEST_PROJECT}:census.${table}`;

function parameters(input: string, more: Record<string, string> = {}): Record<string, string> {
  return {
    inputFilePattern: `gs://data/${input}`,
    JSONPath: 'gs://data/schema.json',
    outputTable: outputTable(),
    javascriptTextTransformGcsPath: 'gs://data/udf.js',
    javascriptTextTransformFunctionName: 'transform',
    bigQueryLoadingTemporaryDirectory: 'gs://data/tmp',
    ...more,
  };
}

async function launch(parameters: Record<string, string>, jobName = `job-${table}`): Promise<string> {
  const [{ job }] = await templates.launchTemplate({
    projectId: TEST_PROJECT,
    location: LOCATION,
    gcsPath: CLASSIC,
    launchParameters: {
      jobName,
      parameters,
      environment: {
        tempLocation: 'gs://data/tmp',
        workerRegion: LOCATION,
        serviceAccountEmail: 'ingest@p.iam.gserviceaccount.com',
        kmsKeyName: 'projects/k/key',
        subnetwork: 'https://example.com/subnet',
        ipConfiguration: 'WORKER_IP_PRIVATE',
        additionalUserLabels: { run: 'r1' },
      },
    },
  });
  return job!.id!;
}

/** The job once it has ended. */
async function ended(jobId: string) {
  return vi.waitFor(
    async () => {
      const [job] = await jobs.getJob({
        projectId: TEST_PROJECT,
        location: LOCATION,
        jobId,
        view: 'JOB_VIEW_ALL',
      });
      expect(job.currentState).toMatch(/DONE|FAILED|CANCELLED/);
      return job;
    },
    { timeout: 20_000, interval: 20 },
  );
}

async function failure(jobId: string): Promise<string> {
  expect(await ended(jobId)).toMatchObject({ currentState: 'JOB_STATE_FAILED' });
  const [found] = await messages.listJobMessages({
    projectId: TEST_PROJECT,
    location: LOCATION,
    jobId,
    minimumImportance: 'JOB_MESSAGE_ERROR',
  });
  return found.map((message) => message.messageText).join('\n');
}

const rows = () => warehouse.query(TEST_PROJECT, `SELECT * FROM census.${table} ORDER BY age`);

describe('the template GCS_Text_to_BigQuery', () => {
  test('transforms the matching files and appends their rows', async () => {
    await put('drop/a.csv', 'name,age\nann,30\r\nbob,40\n');
    await put('drop/b.csv', 'name,age\ncy,50');
    await put('drop/deeper/c.csv', 'dan,60');
    const jobId = await launch(parameters('drop/*.csv'));
    const job = await ended(jobId);
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
    expect(changes.filter((change) => change.id === jobId).map((change) => change.currentState)).toEqual([
      'JOB_STATE_QUEUED',
      'JOB_STATE_RUNNING',
      'JOB_STATE_DONE',
    ]);
    const [{ metrics: counters }] = await metrics.getJobMetrics({
      projectId: TEST_PROJECT,
      location: LOCATION,
      jobId,
    });
    expect(counters?.map(({ name, scalar }) => [name?.name, scalar?.numberValue])).toEqual([
      ['linesRead', 5],
      ['linesDropped', 2],
      ['rowsWritten', 3],
    ]);
    expect(logs.some((entry) => entry.resource.labels.job_id === jobId)).toBe(true);
  });

  test('appends to what the table has', async () => {
    await put('one.csv', 'ann,30');
    await ended(await launch(parameters('one.csv')));
    await ended(await launch(parameters('one.csv')));
    expect(await rows()).toHaveLength(2);
  });

  test('runs as a flex template', async () => {
    await put('one.csv', 'ann,30');
    const [{ job }] = await flexTemplates.launchFlexTemplate({
      projectId: TEST_PROJECT,
      location: LOCATION,
      launchParameter: {
        jobName: `flex-${table}`,
        containerSpecGcsPath: FLEX,
        parameters: parameters('one.csv', { useStorageWriteApi: 'false' }),
      },
    });
    expect(await ended(job!.id!)).toMatchObject({ currentState: 'JOB_STATE_DONE' });
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
      'line 2: the UDF did not return within 1000 ms',
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
    ['is a module', `export function transform(l) { return l; }`, 'ship them as ES5'],
  ])('fails and writes nothing when the UDF %s', async (_, udf, reason) => {
    await put('in.csv', 'good\nbad\ngood');
    await put('udf.js', udf);
    expect(await failure(await launch(parameters('in.csv')))).toContain(reason);
    expect(
      warehouse.catalog.findTable({ projectId: TEST_PROJECT, datasetId: 'census', tableId: table }),
    ).toBeUndefined();
  });

  test('fails when no file matches', async () => {
    expect(await failure(await launch(parameters('absent-*.csv')))).toContain(
      'No files matched spec: gs://data/absent-*.csv',
    );
  });

  test('loads tens of thousands of lines', async () => {
    const lines = Array.from({ length: 32_561 }, (_, index) => `name ${index},${index % 90}`);
    await put('many.csv', ['name,age', ...lines].join('\r\n'));
    expect(await ended(await launch(parameters('many.csv')))).toMatchObject({
      currentState: 'JOB_STATE_DONE',
    });
    const sums = await warehouse.query(
      TEST_PROJECT,
      `SELECT COUNT(*) AS n, MAX(age) AS oldest FROM census.${table}`,
    );
    expect(sums).toEqual([{ n: 32_561, oldest: 89 }]);
  });
});

describe('a launch', () => {
  test('names missing, unknown and malformed parameters', async () => {
    const { JSONPath: _, ...rest } = parameters('x.csv', { inputFile: 'x', outputTable: 'nowhere' });
    const refusal = expect(launch(rest)).rejects;
    await refusal.toMatchObject({ code: 3 });
    await expect(launch(rest)).rejects.toThrow(
      /outputTable: Invalid.*JSONPath: Missing|JSONPath: Missing.*outputTable: Invalid/s,
    );
    await expect(launch(rest)).rejects.toThrow('inputFile: Unrecognized parameter');
  });

  test('of an unknown template or a bad name is refused', async () => {
    const gcsPath = 'gs://dataflow-templates/latest/Nothing';
    const request = {
      projectId: TEST_PROJECT,
      location: LOCATION,
      gcsPath,
      launchParameters: { jobName: 'a' },
    };
    await expect(templates.launchTemplate(request)).rejects.toMatchObject({
      code: 5,
      details: expect.stringContaining(gcsPath),
    });
    await expect(launch(parameters('x.csv'), 'Bad_Name')).rejects.toMatchObject({ code: 3 });
  });

  test('that is only validated starts nothing', async () => {
    const [response] = await templates.launchTemplate({
      projectId: TEST_PROJECT,
      location: LOCATION,
      gcsPath: CLASSIC,
      validateOnly: true,
      launchParameters: { jobName: 'validated', parameters: parameters('x.csv') },
    });
    expect(response.job ?? null).toBeNull();
    const [found] = await jobs.listJobs({ projectId: TEST_PROJECT, location: LOCATION, name: 'validated' });
    expect(found).toEqual([]);
  });

  test('under the name of an active job is refused until that job has ended', async () => {
    await put('in.csv', 'a');
    await put('udf.js', 'function transform(l) { while (true) {} }');
    const first = await launch(parameters('in.csv'), 'same-name');
    await expect(launch(parameters('in.csv'), 'same-name')).rejects.toMatchObject({
      code: 6,
      details: expect.stringContaining('There is already an active job named same-name'),
    });
    const active = {
      projectId: TEST_PROJECT,
      location: LOCATION,
      name: 'same-name',
      filter: 'ACTIVE' as const,
    };
    expect((await jobs.listJobs(active))[0].map((job) => job.id)).toEqual([first]);
    await jobs.updateJob({
      projectId: TEST_PROJECT,
      location: LOCATION,
      jobId: first,
      job: { requestedState: 'JOB_STATE_CANCELLED' },
    });
    expect(await ended(first)).toMatchObject({ currentState: 'JOB_STATE_CANCELLED' });
    await put('udf.js', UDF);
    await ended(await launch(parameters('in.csv'), 'same-name'));
    expect((await jobs.listJobs({ ...active, filter: 'ALL' }))[0]).toHaveLength(2);
  });

  test('that a stop interrupts has failed at the next start', async () => {
    const folder = join(stateDir, 'interrupted');
    const open = () =>
      new DataflowEngine({ stateDir: folder, objects, warehouse, logs: { write: () => {} } });
    await put('in.csv', 'a');
    await put('udf.js', 'function transform(l) { while (true) {} }');
    const before = open();
    const launched = before.launch({
      project: TEST_PROJECT,
      location: LOCATION,
      jobName: 'interrupted',
      templatePath: CLASSIC,
      kind: 'classic',
      parameters: parameters('in.csv'),
      environment: {},
      labels: {},
    });
    await vi.waitFor(() => expect(launched.currentState).toBe('JOB_STATE_RUNNING'));
    await before.close();
    const after = open();
    const job = after.get(TEST_PROJECT, LOCATION, launched.id);
    expect(job.currentState).toBe('JOB_STATE_FAILED');
    expect(job.messages.map((message) => message.messageText).join()).toContain('the local cloud stopped');
    await after.close();
  });
});
