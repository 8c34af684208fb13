import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BigQuery, Dataset } from '@google-cloud/bigquery';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BigQueryEngine } from '../../local/bigquery/engine.ts';
import { StorageEngine } from '../../local/storage/storage-engine.ts';
import { type BigQueryService, startBigQuery } from './bigquery-service.ts';
import { TEST_PROJECT } from './harness.ts';

let service: BigQueryService;
let bigquery: BigQuery;
let dataset: Dataset;

beforeAll(async () => {
  service = await startBigQuery();
  bigquery = service.client;
  [dataset] = await bigquery.createDataset('tables', { location: 'us-central1', labels: { team: 'ml' } });
});

afterAll(() => service.close());

const run = (query: string) => bigquery.query(query).then(([rows]) => rows);

describe('a dataset', () => {
  test('is created once, found, listed, changed and deleted', async () => {
    await expect(bigquery.createDataset('tables')).rejects.toMatchObject({ code: 409 });
    const [other] = await bigquery.createDataset('other');
    await other.setMetadata({ description: 'another' });
    expect((await other.getMetadata())[0]).toMatchObject({ description: 'another', location: 'US' });
    expect((await bigquery.getDatasets())[0].map(({ id }) => id)).toEqual(['other', 'tables']);
    await run('CREATE TABLE other.t (a INT64)');
    await expect(other.delete()).rejects.toThrow(/still in use/);
    await other.delete({ force: true });
    expect(await other.exists()).toEqual([false]);
  });

  test('of the same name in two projects is two datasets', async () => {
    await run('CREATE SCHEMA `elsewhere.tables` OPTIONS(location="us-central1")');
    await run('CREATE TABLE `elsewhere.tables.same` AS SELECT 1 AS a');
    await run('CREATE TABLE tables.same AS SELECT 2 AS a');
    expect(
      await run('SELECT a FROM `elsewhere.tables.same` UNION ALL SELECT a FROM tables.same ORDER BY a'),
    ).toEqual([{ a: 1 }, { a: 2 }]);
  });
});

describe('a table', () => {
  test('has schema, rows, labels and a page of data', async () => {
    const [table] = await dataset.createTable('made', {
      schema: [
        { name: 'at', type: 'TIMESTAMP' },
        { name: 'tags', type: 'STRING', mode: 'REPEATED' },
        { name: 'inner', type: 'RECORD', fields: [{ name: 'n', type: 'NUMERIC' }] },
      ],
      labels: { run: 'r1' },
    });
    await table.insert([
      { at: '2026-11-22T18:00:00.123456Z', tags: ['a', 'b'], inner: { n: '1.50' } },
      { at: null, tags: [], inner: null },
    ]);
    const [rows] = await table.getRows();
    expect(rows[0].at.value).toBe('2026-11-22T18:00:00.123456000Z');
    expect(rows[0].tags).toEqual(['a', 'b']);
    expect(String(rows[0].inner.n)).toBe('1.5');
    expect(rows[1]).toEqual({ at: null, tags: [], inner: null });
    expect((await table.getMetadata())[0]).toMatchObject({ numRows: '2', labels: { run: 'r1' } });
  });

  test('takes no row of an insert that has a bad one', async () => {
    const [table] = await dataset.createTable('strict', { schema: 'a:integer' });
    await expect(table.insert([{ a: 1 }, { a: 'x' }, { b: 2 }])).rejects.toMatchObject({
      name: 'PartialFailureError',
    });
    expect((await table.getRows())[0]).toEqual([]);
  });

  test('gains a column by a patch, and loses none', async () => {
    const [table] = await dataset.createTable('grown', { schema: 'a:integer' });
    await table.setMetadata({ schema: 'a:integer, b:string', description: 'wide' });
    await run("INSERT INTO tables.grown (a, b) VALUES (1, 'x'), (2, 'y')");
    await expect(table.setMetadata({ schema: 'b:string' })).rejects.toThrow(/Field a is missing/);
    await run('DELETE FROM tables.grown AS g WHERE g.a = 1');
    await run("UPDATE tables.grown SET b = 'z' WHERE a = 2");
    expect(await run('SELECT * EXCEPT(a) FROM tables.grown')).toEqual([{ b: 'z' }]);
  });

  test('may be replaced by a query of itself', async () => {
    await run('CREATE TABLE tables.counter AS SELECT 1 AS n');
    await run('CREATE OR REPLACE TABLE tables.counter AS SELECT n + 1 AS n FROM tables.counter');
    expect(await run('SELECT n FROM tables.counter')).toEqual([{ n: 2 }]);
  });

  test('names differ by case', async () => {
    await run('CREATE TABLE tables.Cased AS SELECT 1 AS a');
    await run('CREATE TABLE tables.cased AS SELECT 2 AS a');
    expect(await run('SELECT Cased.a FROM tables.Cased')).toEqual([{ a: 1 }]);
  });

  test('that is missing is named', async () => {
    const missing = `Not found: Table ${TEST_PROJECT}:tables.none`;
    await expect(run('SELECT * FROM tables.none')).rejects.toThrow(missing);
    await expect(dataset.table('none').getMetadata()).rejects.toMatchObject({ code: 404, message: missing });
    await expect(run('DROP TABLE tables.none')).rejects.toThrow(missing);
    await run('DROP TABLE IF EXISTS tables.none');
  });

  test('is listed by INFORMATION_SCHEMA, views too', async () => {
    await run('CREATE SCHEMA listed OPTIONS(location="us-central1")');
    await run('CREATE TABLE listed.base AS SELECT 1 AS a UNION ALL SELECT 2');
    await run('CREATE OR REPLACE VIEW listed.big AS SELECT a FROM listed.base WHERE a > 1');
    expect(await run('SELECT * FROM listed.big')).toEqual([{ a: 2 }]);
    expect(
      await run('SELECT table_name, table_type FROM listed.INFORMATION_SCHEMA.TABLES ORDER BY 1'),
    ).toEqual([
      { table_name: 'base', table_type: 'BASE TABLE' },
      { table_name: 'big', table_type: 'VIEW' },
    ]);
    const columns = "SELECT data_type FROM listed.INFORMATION_SCHEMA.COLUMNS WHERE table_name = 'big'";
    expect(await run(columns)).toEqual([{ data_type: 'INT64' }]);
    const [tables] = await bigquery.dataset('listed').getTables();
    expect(tables.map(({ id, metadata }) => [id, metadata.type])).toEqual([
      ['base', 'TABLE'],
      ['big', 'VIEW'],
    ]);
  });
});

describe('a statement', () => {
  test.each([
    ['SELECT FARM_FINGERPRINT("a")', 'not supported by the local BigQuery: function FARM_FINGERPRINT'],
    ['SELECT 1; SELECT 2', 'not supported by the local BigQuery: scripts'],
    ['ALTER TABLE tables.a ADD COLUMN b INT64', 'not supported by the local BigQuery: statement ALTER'],
    ['SELECT read_csv("/etc/passwd")', 'not supported by the local BigQuery: function READ_CSV'],
    ['SELECT * FROM "/etc/passwd"', 'Expected a table name'],
    ['DELETE FROM tables.a', 'DELETE must have a WHERE clause'],
    ['SELECT 1 AS a, 2 AS a', 'Duplicate column names'],
    ['SELECT (1', 'Syntax error'],
    ['SELECT @missing', "Query parameter 'missing' not found"],
    ['SELECT * FROM unqualified', 'must be qualified with a dataset'],
  ])('%s is refused', async (query, message) => {
    await expect(run(query)).rejects.toMatchObject({ code: 400, message: expect.stringContaining(message) });
  });
});

test('a second start finds datasets, tables, views and job ids', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'baton-bigquery-'));
  const open = () =>
    BigQueryEngine.open({ stateDir: folder, objects: new StorageEngine({ stateDir: folder }) });
  const first = await open();
  await first.query('p', 'CREATE SCHEMA d OPTIONS(default_kms_key_name="k")');
  await first.query('p', "CREATE TABLE d.t AS SELECT 'x' AS a");
  const request = { project: 'p', jobId: 'j', user: 'u', configuration: { query: { query: 'SELECT 1' } } };
  await first.jobs.start(request).done;
  await first.close();
  const second = await open();
  expect(await second.query('p', 'SELECT * FROM d.t')).toEqual([{ a: 'x' }]);
  expect(second.catalog.table({ projectId: 'p', datasetId: 'd', tableId: 't' }).kmsKeyName).toBe('k');
  expect(() => second.jobs.start(request)).toThrow('Already Exists: Job p:j');
  await second.close();
  rmSync(folder, { recursive: true, force: true });
});
