import type { BigQuery } from '@google-cloud/bigquery';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BigQueryService, startBigQuery } from './bigquery-service.ts';
import { TEST_PROJECT } from './harness.ts';

let service: BigQueryService;
let bigquery: BigQuery;

beforeAll(async () => {
  service = await startBigQuery();
  bigquery = service.client;
  await bigquery.query(
    `CREATE SCHEMA census OPTIONS(location="us-central1", default_kms_key_name="projects/k/key")`,
  );
  await bigquery.query(`CREATE TABLE census.people AS
    SELECT 'ann' AS name, 30 AS age, 1.5 AS hours, TRUE AS happy UNION ALL
    SELECT 'bob', 40, NULL, FALSE UNION ALL
    SELECT 'cy', 50, 0.0, NULL`);
});

afterAll(() => service.close());

async function rows(query: string, params?: Record<string, unknown>): Promise<unknown[]> {
  const [rows] = await bigquery.query({ query, params });
  return rows;
}

/** The one value of a query of one row and one column. */
async function value(expression: string, params?: Record<string, unknown>): Promise<unknown> {
  const [row] = await rows(`SELECT ${expression} AS v`, params);
  return (row as { v: unknown }).v;
}

describe('a query', () => {
  test('answers typed rows', async () => {
    expect(await rows('SELECT * FROM census.people ORDER BY age')).toEqual([
      { name: 'ann', age: 30, hours: 1.5, happy: true },
      { name: 'bob', age: 40, hours: null, happy: false },
      { name: 'cy', age: 50, hours: 0, happy: null },
    ]);
  });

  test('groups, joins, windows and names columns as BigQuery does', async () => {
    const result = await rows(`
      WITH older AS (SELECT name, age FROM \`${TEST_PROJECT}.census.people\` WHERE age > 30)
      SELECT p.name, o.age, ROW_NUMBER() OVER (ORDER BY p.age DESC) AS place, COUNT(*) OVER ()
      FROM census.people AS p LEFT JOIN older o USING (name)
      ORDER BY 3 LIMIT 2`);
    expect(result).toEqual([
      { name: 'cy', age: 50, place: 1, f0_: 3 },
      { name: 'bob', age: 40, place: 2, f0_: 3 },
    ]);
  });

  test('keeps the order and type of SUM and COUNTIF as INT64', async () => {
    const [job] = await bigquery.createQueryJob(
      'SELECT happy, SUM(age) AS total, COUNTIF(age > 30) AS n, COUNT(DISTINCT name) AS d FROM census.people GROUP BY happy ORDER BY total DESC',
    );
    const [result, , response] = await job.getQueryResults();
    expect(result.map((row) => row.total)).toEqual([50, 40, 30]);
    expect(response?.schema?.fields?.map((field) => field.type)).toEqual([
      'BOOLEAN',
      'INTEGER',
      'INTEGER',
      'INTEGER',
    ]);
  });

  test('gathers distinct values and the first row of a kind beside counts', async () => {
    const summary = (where: string) => `
      SELECT COUNTIF(happy) AS n,
        ARRAY_AGG(DISTINCT IF(age > 30, happy, NULL) IGNORE NULLS LIMIT 3) AS moods,
        ARRAY_AGG(IF(happy, NULL, STRUCT(name AS who, age AS since)) IGNORE NULLS ORDER BY name DESC LIMIT 1) AS last
      FROM census.people WHERE ${where}`;
    expect(await rows(summary('TRUE'))).toEqual([{ n: 1, moods: [false], last: [{ who: 'cy', since: 50 }] }]);
    expect(await rows(summary('age = 30'))).toEqual([{ n: 1, moods: [], last: [] }]);
  });

  test('sorts nulls first when ascending', async () => {
    expect(await rows('SELECT name FROM census.people ORDER BY hours')).toEqual([
      { name: 'bob' },
      { name: 'cy' },
      { name: 'ann' },
    ]);
  });

  test.each([
    ["SAFE_CAST('x' AS INT64)", null],
    ["SAFE_CAST('12' AS INT64) + 1", 13],
    ['SAFE_DIVIDE(1, 0)', null],
    ['1 / 4', 0.25],
    ['0.1 + 0.2', 0.1 + 0.2],
    ["IF(1 > 2, 'a', 'b')", 'b'],
    ["IFNULL(NULL, 'x')", 'x'],
    ["COALESCE(NULL, NULL, 'y')", 'y'],
    ["CONCAT('a', 'b', 'c')", 'abc'],
    ["CONCAT('a', NULL)", null],
    ['GREATEST(1, NULL)', null],
    ['TO_JSON_STRING(STRUCT(1 AS a, "b" AS s))', '{"a":1,"s":"b"}'],
    [String.raw`'tab\tquote\''`, "tab\tquote'"],
    ['"double"', 'double'],
    ["REGEXP_CONTAINS('abc', r'^a.c$')", true],
    ["REGEXP_EXTRACT('k=v', r'k=(\\w)')", 'v'],
    ["REGEXP_EXTRACT('k', r'x')", null],
    ['MOD(7, 4)', 3],
    ['DATE_DIFF(DATE "2026-03-01", DATE "2026-02-01", DAY)', 28],
    ['EXTRACT(YEAR FROM DATE "2026-03-01")', 2026],
    ['ARRAY_LENGTH([1, 2, 3])', 3],
    ['[10, 20][OFFSET(1)]', 20],
    ['2 IN UNNEST([1, 2])', true],
    ['JSON_VALUE(\'{"a": {"b": 5}}\', \'$.a.b\')', '5'],
    ['CASE WHEN FALSE THEN 1 ELSE 2 END', 2],
  ])('%s is %j', async (expression, expected) => {
    expect(await value(expression)).toEqual(expected);
  });

  test('takes named parameters, scalar and array', async () => {
    expect(await rows('SELECT name FROM census.people WHERE name = @name', { name: "x' OR 1=1 --" })).toEqual(
      [],
    );
    expect(
      await rows('SELECT name FROM census.people WHERE age IN UNNEST(@ages) AND happy = @happy', {
        ages: [30, 40],
        happy: true,
      }),
    ).toEqual([{ name: 'ann' }]);
  });
});
