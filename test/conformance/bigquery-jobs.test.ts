import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import type { BigQuery, Dataset } from '@google-cloud/bigquery';
import type { Storage } from '@google-cloud/storage';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { snapshotStatement, Workload } from '../../events/index.ts';
import { BigQueryEngine } from '../../local/bigquery/engine.ts';
import { bigqueryRest } from '../../local/bigquery/rest.ts';
import { storageRest } from '../../local/storage/rest.ts';
import { ResumableUploads } from '../../local/storage/resumable-uploads.ts';
import { StorageEngine } from '../../local/storage/storage-engine.ts';
import { type Services, startServices, TEST_PROJECT } from './harness.ts';

const BUCKET = 'jobs-bucket';
const FIELDS = [
  { name: 'name', type: 'STRING', mode: 'REQUIRED' },
  { name: 'age', type: 'INTEGER' },
];

let stateDir: string;
let objects: StorageEngine;
let engine: BigQueryEngine;
let services: Services;
let bigquery: BigQuery;
let storage: Storage;
let dataset: Dataset;

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'baton-bigquery-'));
  objects = new StorageEngine({ stateDir });
  objects.createBucket({ name: BUCKET, project: TEST_PROJECT, location: 'US' });
  engine = await BigQueryEngine.open({ stateDir, objects });
  services = await startServices({
    rest: [bigqueryRest(engine), storageRest(objects, new ResumableUploads(objects, stateDir))],
    stateDir,
  });
  const { BigQuery } = await import('@google-cloud/bigquery');
  const { Storage } = await import('@google-cloud/storage');
  bigquery = new BigQuery({ projectId: TEST_PROJECT });
  storage = new Storage();
  [dataset] = await bigquery.createDataset('census', {
    location: 'us-central1',
    defaultEncryptionConfiguration: { kmsKeyName: 'projects/k/key' },
  });
});

afterAll(async () => {
  await services.close();
  await engine.close();
  rmSync(stateDir, { recursive: true, force: true });
});

const put = (name: string, content: string) => storage.bucket(BUCKET).file(name).save(content);
const names = async (table: string) => {
  const [rows] = await bigquery.query(`SELECT name, age FROM census.${table} ORDER BY name`);
  return rows;
};

describe('a load job', () => {
  test('reads CSV by a schema, and the table gets the key of its dataset', async () => {
    await put('people.csv', 'name,age\n ann,30\n"b,ob",\n');
    const [job] = await dataset
      .table('loaded')
      .load(storage.bucket(BUCKET).file('people.csv'), { schema: { fields: FIELDS }, skipLeadingRows: 1 });
    expect(job.status?.errorResult).toBeUndefined();
    expect(job.statistics?.load).toMatchObject({ outputRows: '2', inputFiles: '1' });
    expect(await names('loaded')).toEqual([
      { name: ' ann', age: 30 },
      { name: 'b,ob', age: null },
    ]);
    const [metadata] = await dataset.table('loaded').getMetadata();
    expect(metadata).toMatchObject({
      numRows: '2',
      encryptionConfiguration: { kmsKeyName: 'projects/k/key' },
    });
  });

  test('that meets a bad row writes nothing, and says why', async () => {
    await put('bad.jsonl', '{"name":"ann","age":1}\n{"name":"bob","age":"old"}\n');
    const load = dataset.table('unloaded').load(storage.bucket(BUCKET).file('bad.jsonl'), {
      sourceFormat: 'NEWLINE_DELIMITED_JSON',
      schema: { fields: FIELDS },
    });
    await expect(load).rejects.toThrow(/row 2: Could not convert value to integer. Field: age; Value: old/);
    expect(await dataset.table('unloaded').exists()).toEqual([false]);
  });

  test('appends, replaces or refuses, as its write disposition says', async () => {
    await put('a.jsonl', '{"name":"ann"}');
    await put('b.jsonl', '{"name":"bob"}');
    const load = (object: string, writeDisposition: string) =>
      dataset.table('disposed').load(storage.bucket(BUCKET).file(object), {
        sourceFormat: 'NEWLINE_DELIMITED_JSON',
        schema: { fields: FIELDS },
        writeDisposition,
      });
    await load('a.jsonl', 'WRITE_EMPTY');
    await load('b.jsonl', 'WRITE_APPEND');
    expect(await names('disposed')).toHaveLength(2);
    await expect(load('b.jsonl', 'WRITE_EMPTY')).rejects.toThrow(
      `Already Exists: Table ${TEST_PROJECT}:census.disposed`,
    );
    await load('b.jsonl', 'WRITE_TRUNCATE');
    expect(await names('disposed')).toEqual([{ name: 'bob', age: null }]);
  });
});

describe('an export', () => {
  test('writes Parquet that a load job reads back, with SUM as a 64-bit integer', async () => {
    await bigquery.query(`EXPORT DATA OPTIONS(uri='gs://${BUCKET}/snap/*.parquet', format='PARQUET', overwrite=true) AS
      SELECT 'a' AS name, SUM(x) AS age FROM UNNEST([1, 2]) AS x`);
    const [files] = await storage.bucket(BUCKET).getFiles({ prefix: 'snap/' });
    expect(files.map((file) => file.name)).toEqual(['snap/000000000000.parquet']);
    expect((await buffer(files[0].createReadStream())).subarray(0, 4).toString()).toBe('PAR1');
    const [job] = await dataset.table('back').load(files[0], { sourceFormat: 'PARQUET' });
    expect(job.statistics?.load).toMatchObject({ outputRows: '1' });
    const [{ schema }] = await dataset.table('back').getMetadata();
    expect(schema.fields.map((field: { type: string }) => field.type)).toEqual(['STRING', 'INTEGER']);
  });

  test.each([
    ['CSV', 'snap/000000000000.csv', 'name,age\n"ann, b",30\n'],
    ['NEWLINE_DELIMITED_JSON', 'snap/000000000000.jsonl', '{"name":"ann, b","age":"30"}\n'],
  ])(
    'writes a snapshot as %s, without the rejected rows and their columns',
    async (format, name, content) => {
      await bigquery.query(`CREATE OR REPLACE TABLE census.staging AS
      SELECT 'ann, b' AS name, 30 AS age, CAST(NULL AS STRING) AS reason, CAST(NULL AS STRING) AS raw
      UNION ALL SELECT NULL, NULL, 'no age', 'bob'`);
      const workload = Workload.parse({
        name: 'people',
        columns: FIELDS,
        label: { column: 'name', positive: 'ann', negative: 'bob' },
        transform: { source: 'transform.js', function: 'transform', schema: 'schema.json' },
        rejectColumns: { reason: 'reason', raw: 'raw' },
        snapshot: { format },
      });
      await bigquery.query(
        snapshotStatement(workload, `${TEST_PROJECT}.census.staging`, `gs://${BUCKET}/snap/`),
      );
      expect(await text(storage.bucket(BUCKET).file(name).createReadStream())).toBe(content);
    },
  );

  test('onto present objects needs overwrite', async () => {
    await put('kept/x.csv', '1');
    const statement = `EXPORT DATA OPTIONS(uri='gs://${BUCKET}/kept/*.csv', format='CSV') AS SELECT 1 AS a`;
    await expect(bigquery.query(statement)).rejects.toThrow(/is not empty/);
  });

  test('extracts a table as CSV with a header, and as JSON with integers as text', async () => {
    await bigquery.query("CREATE OR REPLACE TABLE census.out AS SELECT 'ann' AS name, 30 AS age");
    await dataset.table('out').extract(storage.bucket(BUCKET).file('out-*.csv'), { format: 'CSV' });
    expect(await text(storage.bucket(BUCKET).file('out-000000000000.csv').createReadStream())).toBe(
      'name,age\nann,30\n',
    );
    await dataset.table('out').extract(storage.bucket(BUCKET).file('out.json'), { format: 'JSON' });
    expect(await text(storage.bucket(BUCKET).file('out.json').createReadStream())).toBe(
      '{"name":"ann","age":"30"}\n',
    );
  });
});

describe('a job', () => {
  test('copies a table over another', async () => {
    await bigquery.query("CREATE OR REPLACE TABLE census.staging AS SELECT 'new' AS name, 1 AS age");
    await bigquery.query(
      "CREATE OR REPLACE TABLE census.live AS SELECT 'old' AS name, 2 AS age, TRUE AS gone",
    );
    await dataset.table('staging').copy(dataset.table('live'), { writeDisposition: 'WRITE_TRUNCATE' });
    expect(await names('live')).toEqual([{ name: 'new', age: 1 }]);
  });

  test('has its id once', async () => {
    const query = { query: 'SELECT 1 AS a', jobId: 'chosen-id' };
    const [job] = await bigquery.createQueryJob(query);
    await job.promise();
    await expect(bigquery.createQueryJob(query)).rejects.toMatchObject({ code: 409 });
    expect((await bigquery.job('chosen-id').getMetadata())[0].status.state).toBe('DONE');
  });

  test('writes its rows to a destination table', async () => {
    const [job] = await bigquery.createQueryJob({
      query: "SELECT 'x' AS name, @n AS age",
      params: { n: 5 },
      destination: dataset.table('chosen'),
      writeDisposition: 'WRITE_TRUNCATE',
    });
    await job.promise();
    expect(await names('chosen')).toEqual([{ name: 'x', age: 5 }]);
  });

  test('that is dry finds errors and changes nothing', async () => {
    const dry = (query: string) => bigquery.createQueryJob({ query, dryRun: true });
    await expect(dry('SELECT nothing FROM census.live')).rejects.toThrow('Unrecognized name: nothing');
    await dry('CREATE TABLE census.dry AS SELECT 1 AS a');
    expect(await dataset.table('dry').exists()).toEqual([false]);
  });

  test('pages through many rows', async () => {
    const [job] = await bigquery.createQueryJob('SELECT n FROM UNNEST(GENERATE_ARRAY(1, 25000)) AS n');
    const [rows] = await job.getQueryResults();
    expect(rows).toHaveLength(25_000);
    expect(rows.at(-1)).toEqual({ n: 25_000 });
  });
});
