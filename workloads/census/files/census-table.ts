import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { InputError } from '../container/errors.ts';
import {
  CATEGORICAL,
  type CategoricalColumn,
  FEATURES,
  type Instance,
  LABEL,
  NEGATIVE,
  NUMERIC,
  type NumericColumn,
  POSITIVE,
} from '../model/features.ts';

/** The census table in memory, column by column. */
export interface CensusTable {
  rows: number;
  numbers: Record<NumericColumn, Float64Array>;
  categories: Record<CategoricalColumn, string[]>;
  /** 1 where the income is above 50K, else 0. */
  labels: Uint8Array;
}

/** One replica's part of the table: number `index` of `count`. */
export interface Shard {
  index: number;
  count: number;
}

export const WHOLE: Shard = { index: 0, count: 1 };

const COLUMNS = [...FEATURES, LABEL] as const;

/** DuckDB's names of the types that a number may come in. */
const NUMBER_TYPE = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(.*\))$/;

/**
 * Reads the census table from Parquet files. Neither the order of rows nor their spread over files shows in the
 * result: an export gives no promise on either, and the same rows must train the same model. The shards one after
 * the other are the table.
 *
 * @param temporary a folder that sorting may spill to
 * @param shard which rows to keep; all are checked all the same, so that all replicas find the same fault
 * @throws InputError when a column is missing or of the wrong type, a number is missing, a label is neither of
 *   the two, or all rows have the same label
 */
export async function readCensus(
  paths: string[],
  temporary: string,
  shard: Shard = WHOLE,
): Promise<CensusTable> {
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: '512MB',
    threads: '2',
    temp_directory: temporary,
  });
  const connection = await instance.connect();
  try {
    const source = `read_parquet([${paths.map(quote).join()}])`;
    await checkColumns(connection, source);
    await checkNumbers(connection, source);
    await checkLabels(connection, source);
    const rows = await countRows(connection, shardOf(source, shard));
    return await readRows(connection, shardOf(source, shard), rows);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** One row as a client of the endpoint would describe it. */
export function instanceAt(table: CensusTable, row: number): Instance {
  return Object.fromEntries([
    ...NUMERIC.map((column) => [column, table.numbers[column][row]]),
    ...CATEGORICAL.map((column) => [column, table.categories[column][row]]),
  ]);
}

async function checkColumns(connection: DuckDBConnection, source: string): Promise<void> {
  const reader = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${source}`);
  const types = new Map(
    reader
      .getRowObjectsJS()
      .map(({ column_name, column_type }) => [String(column_name), String(column_type)]),
  );
  const missing = COLUMNS.filter((column) => !types.has(column));
  if (missing.length > 0) throw new InputError(`missing columns: ${missing.join(', ')}`);
  for (const column of COLUMNS) {
    const type = types.get(column) ?? '';
    const isNumber = (NUMERIC as readonly string[]).includes(column);
    if (isNumber ? !NUMBER_TYPE.test(type) : type !== 'VARCHAR') {
      throw new InputError(`column ${column} is ${type}, expected ${isNumber ? 'a number' : 'a string'}`);
    }
  }
}

async function checkNumbers(connection: DuckDBConnection, source: string): Promise<void> {
  const unusable = NUMERIC.map(
    (column) => `count(*) FILTER (${column} IS NULL OR NOT isfinite(${column}::DOUBLE)) AS ${column}`,
  );
  const reader = await connection.runAndReadAll(`SELECT ${unusable.join()} FROM ${source}`);
  const [counts] = reader.getRowObjectsJS();
  for (const [column, count] of Object.entries(counts)) {
    if (Number(count) > 0) throw new InputError(`column ${column} has no number in ${count} rows`);
  }
}

/** Makes sure that both labels occur, and no other. */
async function checkLabels(connection: DuckDBConnection, source: string): Promise<void> {
  const reader = await connection.runAndReadAll(
    `SELECT ${LABEL} AS label, count(*) AS rows FROM ${source} GROUP BY ALL ORDER BY ALL`,
  );
  const groups = reader.getRowObjectsJS().map(({ label, rows }) => ({ label, rows: Number(rows) }));
  if (groups.length === 0) throw new InputError('no rows');
  for (const { label, rows } of groups) {
    if (label !== NEGATIVE && label !== POSITIVE) {
      const found = label === null ? 'no value' : `"${label}"`;
      throw new InputError(
        `column ${LABEL} has ${found} in ${rows} rows, expected "${NEGATIVE}" or "${POSITIVE}"`,
      );
    }
  }
  if (groups.length === 1) {
    throw new InputError(
      `all ${groups[0].rows} rows have ${LABEL} "${groups[0].label}", expected both labels`,
    );
  }
}

async function countRows(connection: DuckDBConnection, shard: string): Promise<number> {
  const reader = await connection.runAndReadAll(`SELECT count(*) AS rows FROM (${shard})`);
  return Number(reader.getRowObjectsJS()[0].rows);
}

async function readRows(connection: DuckDBConnection, shard: string, rows: number): Promise<CensusTable> {
  const table: CensusTable = {
    rows,
    numbers: columnsOf(NUMERIC, () => new Float64Array(rows)),
    categories: columnsOf(CATEGORICAL, () => new Array<string>(rows)),
    labels: new Uint8Array(rows),
  };
  const result = await connection.stream(`FROM (${shard}) ORDER BY digest, ${COLUMNS.join()}`);
  let row = 0;
  for await (const chunk of result.yieldRowsJs()) {
    for (const values of chunk) {
      NUMERIC.forEach((column, index) => {
        table.numbers[column][row] = Number(values[index]);
      });
      CATEGORICAL.forEach((column, index) => {
        table.categories[column][row] = String(values[NUMERIC.length + index]);
      });
      table.labels[row] = values[FEATURES.length] === POSITIVE ? 1 : 0;
      row++;
    }
  }
  return table;
}

/**
 * The rows of a shard with a digest of their content, by which they are ordered: an order that depends on nothing
 * else, and that puts no kind of person first, so that the first hundred are a fair sample. Rows of equal content
 * are interchangeable. Where two rows share a digest all the same, the columns decide. A shard is a range of
 * digests, about as long as the others, so that no replica need sort or keep another's rows.
 */
function shardOf(source: string, { index, count }: Shard): string {
  const columns = [
    ...NUMERIC.map((column) => `${column}::DOUBLE AS ${column}`),
    ...CATEGORICAL.map((column) => `coalesce(${column}, '') AS ${column}`),
    LABEL,
  ];
  const boundary = (part: number) =>
    quote(
      Math.floor((part / count) * 2 ** 32)
        .toString(16)
        .padStart(8, '0'),
    );
  const range = [
    ...(index > 0 ? [`digest >= ${boundary(index)}`] : []),
    ...(index + 1 < count ? [`digest < ${boundary(index + 1)}`] : []),
  ];
  return `WITH census AS (SELECT ${columns.join()} FROM ${source})
    SELECT * FROM (SELECT *, md5(concat_ws('|', ${COLUMNS.join()})) AS digest FROM census)
    ${range.length > 0 ? `WHERE ${range.join(' AND ')}` : ''}`;
}

function columnsOf<Column extends string, Values>(columns: readonly Column[], create: () => Values) {
  return Object.fromEntries(columns.map((column) => [column, create()])) as Record<Column, Values>;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
