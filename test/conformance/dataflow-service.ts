import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  FlexTemplatesServiceClient,
  JobsV1Beta3Client,
  MessagesV1Beta3Client,
  MetricsV1Beta3Client,
  protos,
  TemplatesServiceClient,
} from '@google-cloud/dataflow';
import { expect, vi } from 'vitest';
import { BigQueryEngine } from '../../local/bigquery/engine.ts';
import type { LogEntry } from '../../local/boundaries.ts';
import { DataflowEngine } from '../../local/dataflow/engine.ts';
import { dataflowGrpc } from '../../local/dataflow/grpc.ts';
import type { DataflowJob } from '../../local/dataflow/job.ts';
import { StorageEngine } from '../../local/storage/storage-engine.ts';
import { startServices, TEST_PROJECT } from './harness.ts';

export const LOCATION = 'us-central1';
export const CLASSIC = `gs://dataflow-templates-${LOCATION}/latest/GCS_Text_to_BigQuery`;
export const FLEX = `gs://dataflow-templates-${LOCATION}/latest/flex/GCS_Text_to_BigQuery_Flex`;
export const UDF = `function transform(line) {
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

/** The longest that a UDF may take for a line in these tests; a loaded machine needs a while to start the worker. */
export const LINE_TIMEOUT_MS = 5_000;

/** Dataflow behind its gRPC surface with a bucket `data` and a dataset `census`, and the official clients. */
export interface DataflowService {
  stateDir: string;
  objects: StorageEngine;
  warehouse: BigQueryEngine;
  /** Every state that a job has reached, in order. */
  changes: DataflowJob[];
  logs: LogEntry[];
  templates: TemplatesServiceClient;
  flexTemplates: FlexTemplatesServiceClient;
  jobs: JobsV1Beta3Client;
  messages: MessagesV1Beta3Client;
  metrics: MetricsV1Beta3Client;
  /** The output table of this test's jobs. */
  table: string;
  close(): Promise<void>;
}

/** Starts it on state of its own, which `close` removes. */
export async function startDataflow(): Promise<DataflowService> {
  const stateDir = mkdtempSync(join(tmpdir(), 'baton-dataflow-'));
  const objects = new StorageEngine({ stateDir });
  objects.createBucket({ name: 'data', project: TEST_PROJECT, location: LOCATION });
  const warehouse = await BigQueryEngine.open({ stateDir, objects });
  await warehouse.createDataset({ projectId: TEST_PROJECT, datasetId: 'census', location: LOCATION });
  const changes: DataflowJob[] = [];
  const logs: LogEntry[] = [];
  const engine = new DataflowEngine({
    stateDir,
    objects,
    warehouse,
    logs: { write: (entry) => logs.push(entry) },
    limits: { lineTimeoutMs: LINE_TIMEOUT_MS, memoryMb: 32 },
    onStateChange: (job) => changes.push(job),
  });
  const services = await startServices({ grpc: [dataflowGrpc(engine)], stateDir });
  const dataflow = await import('@google-cloud/dataflow');
  return {
    stateDir,
    objects,
    warehouse,
    changes,
    logs,
    templates: new dataflow.TemplatesServiceClient(),
    flexTemplates: new dataflow.FlexTemplatesServiceClient(),
    jobs: new dataflow.JobsV1Beta3Client(),
    messages: new dataflow.MessagesV1Beta3Client(),
    metrics: new dataflow.MetricsV1Beta3Client(),
    table: '',
    close: async () => {
      await engine.close();
      await services.close();
      await warehouse.close();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

let tables = 0;

/** Gives the next test an output table of its own, and the schema and the UDF in their places. */
export async function prepareTest(service: DataflowService): Promise<void> {
  service.table = `t${++tables}`;
  await put(service, 'schema.json', JSON.stringify(SCHEMA));
  await put(service, 'udf.js', UDF);
}

/** Writes an object of the bucket `data`. */
export async function put(service: DataflowService, name: string, text: string): Promise<void> {
  await service.objects.write('data', name, Buffer.from(text));
}

/** The parameters of a job that reads the bucket's objects `input` into the test's table. */
export function parameters(
  service: DataflowService,
  input: string,
  more: Record<string, string> = {},
): Record<string, string> {
  return {
    inputFilePattern: `gs://data/${input}`,
    JSONPath: 'gs://data/schema.json',
    outputTable: `${TEST_PROJECT}:census.${service.table}`,
    javascriptTextTransformGcsPath: 'gs://data/udf.js',
    javascriptTextTransformFunctionName: 'transform',
    bigQueryLoadingTemporaryDirectory: 'gs://data/tmp',
    ...more,
  };
}

/** Launches the classic template, and answers the job's id. */
export async function launch(
  service: DataflowService,
  parameters: Record<string, string>,
  jobName = `job-${service.table}`,
): Promise<string> {
  const [{ job }] = await service.templates.launchTemplate({
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
export async function ended(
  service: DataflowService,
  jobId: string,
): Promise<protos.google.dataflow.v1beta3.IJob> {
  return vi.waitFor(
    async () => {
      const [job] = await service.jobs.getJob({
        projectId: TEST_PROJECT,
        location: LOCATION,
        jobId,
        view: 'JOB_VIEW_ALL',
      });
      expect(job.currentState).toMatch(/DONE|FAILED|CANCELLED/);
      return job;
    },
    { timeout: 60_000, interval: 20 },
  );
}

/** What the failed job says of its failure. */
export async function failure(service: DataflowService, jobId: string): Promise<string> {
  expect(await ended(service, jobId)).toMatchObject({ currentState: 'JOB_STATE_FAILED' });
  const [found] = await service.messages.listJobMessages({
    projectId: TEST_PROJECT,
    location: LOCATION,
    jobId,
    minimumImportance: 'JOB_MESSAGE_ERROR',
  });
  return found.map((message) => message.messageText).join('\n');
}
