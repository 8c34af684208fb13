import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BigQueryService, startBigQuery } from './bigquery-service.ts';

let service: BigQueryService;

beforeAll(async () => {
  service = await startBigQuery();
  await service.client.query('CREATE SCHEMA numbers');
  await service.client.query(`CREATE TABLE numbers.pairs AS
    SELECT 6 AS a, 3 AS b, 2.5 AS x UNION ALL SELECT 7, 0, -2.5`);
});

afterAll(() => service.close());

async function rows(query: string): Promise<unknown[]> {
  const [rows] = await service.client.query(query);
  return rows;
}

/** The one value of an expression, integers as numbers. */
async function value(expression: string): Promise<unknown> {
  const [row] = await rows(`SELECT ${expression} AS v`);
  return (row as { v: unknown }).v;
}

describe('division', () => {
  test.each([
    ['1 / 0', 'division by zero: 1 / 0'],
    ['1.0 / 0.0', 'division by zero: 1 / 0'],
    ['6 / (3 - 3) + 1', 'division by zero: 6 / 0'],
    ['DIV(7, 0)', 'division by zero: 7 / 0'],
    ['MOD(7, 0)', 'division by zero: 7 / 0'],
  ])('%s is an error', async (expression, message) => {
    await expect(value(expression)).rejects.toThrow(message);
  });

  test('by a column fails at the row that has a zero, and not when that row is left out', async () => {
    await expect(rows('SELECT a / b AS q FROM numbers.pairs')).rejects.toThrow('division by zero: 7 / 0');
    expect(await rows('SELECT a / b AS q FROM numbers.pairs WHERE b <> 0')).toEqual([{ q: 2 }]);
    expect(await rows('SELECT IF(b = 0, NULL, a / b) AS q FROM numbers.pairs ORDER BY b')).toEqual([
      { q: null },
      { q: 2 },
    ]);
  });

  test.each([
    ['SAFE_DIVIDE(1, 0)', null],
    ['SAFE_DIVIDE(6, 4)', 1.5],
    ['IEEE_DIVIDE(1, 0) > 1e300', true],
    ['NULL / 0', null],
    ['24 / 2 / 3 / 4', 1],
    ['DIV(-7, 2)', -3],
    ['MOD(-7, 2)', -1],
    ['(SELECT SUM(a) / COUNT(*) FROM numbers.pairs)', 6.5],
  ])('%s is %j', async (expression, expected) => {
    expect(await value(expression)).toEqual(expected);
  });

  test('of NUMERIC values, which DuckDB would make FLOAT64, is refused', async () => {
    await expect(value("NUMERIC '1' / 3")).rejects.toThrow(
      'not supported by the local BigQuery: division of',
    );
  });
});

describe('INT64', () => {
  test.each([
    ['1000000 * 1000000', 1e12],
    ['2147483647 + 1', 2147483648],
    ['CAST(-9223372036854775808 AS STRING)', '-9223372036854775808'],
    ['CAST(9223372036854775807 AS STRING)', '9223372036854775807'],
    ['0xFF', 255],
    ['LPAD("7", 3, "0")', '007'],
    ['ROUND(2.345, 1)', 2.3],
    ['APPROX_QUANTILES(a, 2)[OFFSET(2)]', 7],
    ['DATE_ADD(DATE "2026-03-01", INTERVAL 3 DAY) = DATE "2026-03-04"', true],
  ])('%s is %j', async (expression, expected) => {
    const [row] = await rows(`SELECT v FROM (SELECT ${expression} AS v, COUNT(*) AS n FROM numbers.pairs)`);
    expect(row).toEqual({ v: expected });
  });

  test.each([
    ['9223372036854775807 + 1', 'int64 overflow: 9223372036854775807 + 1'],
    ['9223372036854775808', 'Invalid integer literal: 9223372036854775808'],
  ])('%s is an error', async (expression, message) => {
    await expect(value(expression)).rejects.toThrow(message);
  });

  test('counts columns in GROUP BY and ORDER BY, and rows in LIMIT', async () => {
    expect(
      await rows(`SELECT b, COUNT(*) AS n, SUM(a) OVER (ORDER BY a ROWS 1 PRECEDING) AS s
        FROM numbers.pairs GROUP BY 1, a ORDER BY 3 DESC, 1 LIMIT 1 OFFSET 0`),
    ).toEqual([{ b: 0, n: 1, s: 13 }]);
  });
});

describe('a cast', () => {
  test.each([
    ['CAST(2.5 AS INT64)', 3],
    ['CAST(-2.5 AS INT64)', -3],
    ['CAST(1.5 AS INT64)', 2],
    ['CAST(" 12 " AS INT64)', 12],
    ['CAST("0x1F" AS INT64)', 31],
    ['CAST(TRUE AS INT64)', 1],
    ['CAST(NUMERIC "2.5" AS INT64)', 3],
    ['CAST(NULL AS INT64)', null],
    ['SAFE_CAST("2.5" AS INT64)', null],
    ['SAFE_CAST(1e30 AS INT64)', null],
    ['CAST(1.0 AS STRING)', '1'],
    ['CAST(1.5 AS STRING)', '1.5'],
    ['CAST(-0.0 AS STRING)', '0'],
    ['CAST(0.1 + 0.2 AS STRING)', '0.30000000000000004'],
    ['CAST(1e20 AS STRING)', '1e+20'],
    ['CAST(10 AS STRING)', '10'],
    ['CAST(NUMERIC "10" AS STRING)', '10'],
    ['CAST(NUMERIC "1.50" AS STRING)', '1.5'],
    ['CAST(TRUE AS STRING)', 'true'],
    ['CAST(DATE "2026-03-01" AS STRING)', '2026-03-01'],
    ['CAST(b"abc" AS STRING)', 'abc'],
    ['CAST(NULL AS STRING)', null],
    [String.raw`SAFE_CAST(b"\xff" AS STRING)`, null],
    [String.raw`TO_HEX(CAST(r"\x41" AS BYTES))`, '5c783431'],
    ['CAST("TRUE" AS BOOL)', true],
    ['CAST(0 AS BOOL)', false],
    ['SAFE_CAST("yes" AS BOOL)', null],
  ])('%s is %j', async (expression, expected) => {
    expect(await value(expression)).toEqual(expected);
  });

  test.each([
    ['CAST("2.5" AS INT64)', 'Bad int64 value: 2.5'],
    ['CAST(1e30 AS INT64)', 'int64 out of range: 1e+30'],
    ['CAST("yes" AS BOOL)', 'Bad bool value: yes'],
    ['CAST([1.5] AS ARRAY<INT64>)', 'not supported by the local BigQuery: CAST of values to ARRAY or STRUCT'],
  ])('%s is an error', async (expression, message) => {
    await expect(value(expression)).rejects.toThrow(message);
  });

  test('of a column rounds and prints as that of a literal', async () => {
    const query = 'SELECT CAST(x AS INT64) AS i, CAST(x * 2 AS STRING) AS s FROM numbers.pairs ORDER BY x';
    expect(await rows(query)).toEqual([
      { i: -3, s: '-5' },
      { i: 3, s: '5' },
    ]);
  });

  test('without an alias is a column named f0_', async () => {
    expect(await rows('SELECT CAST(1.0 AS STRING)')).toEqual([{ f0_: '1' }]);
  });
});

test('operators that DuckDB would take for something else are refused', async () => {
  await expect(value('5 ^ 3')).rejects.toThrow('not supported by the local BigQuery: operator ^');
  await expect(value('5 % 3')).rejects.toThrow('Syntax error: Illegal input character "%"');
});
