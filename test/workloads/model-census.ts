import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { type CensusTable, readCensus, type Shard } from '../../workloads/census/files/census-table.ts';
import { FEATURES, type Instance, LABEL, POSITIVE } from '../../workloads/census/model/features.ts';

/** The census files are real data that lies next to the repository, not in it. */
const CENSUS_FOLDER = resolve(import.meta.dirname, '../../../shared/data/census');

export type Split = 'train' | 'eval';

const INTEGERS = ['age', 'fnlwgt', 'education_num', 'capital_gain', 'capital_loss', 'hours_per_week'];

/** A SELECT for the rows of a census file as the pipeline's table holds them: values trimmed, columns typed. */
export function censusRows(split: Split, folder = CENSUS_FOLDER): string {
  const path = join(folder, `${split}.csv`);
  const typed = INTEGERS.map((column) => `${column}::BIGINT AS ${column}`).join();
  return `SELECT * REPLACE (${typed}) FROM (
    SELECT trim(COLUMNS(*)) FROM read_csv('${path}', header = true, all_varchar = true, nullstr = '\\N'))`;
}

/** Runs SQL statements in a DuckDB of their own, and answers the last one's rows. */
export async function sql(...statements: string[]): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const statement of statements) {
      rows = (await connection.runAndReadAll(statement)).getRowObjectsJS();
    }
    return rows;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The rows of a SELECT as a Parquet file's content. */
export async function parquet(select: string): Promise<Buffer> {
  return inFolder(async (folder) => readFile(await writeParquet(join(folder, 'rows.parquet'), select)));
}

/** Reads one table through Parquet, as the containers do; the rows may come from several SELECTs, a file each. */
export async function loadTable(...selects: string[]): Promise<CensusTable> {
  return inFolder(async (folder) => {
    const paths = selects.map((select, index) => writeParquet(join(folder, `${index}.parquet`), select));
    return readCensus(await Promise.all(paths), folder);
  });
}

/** One replica's part of the rows of a SELECT. */
export async function loadShard(select: string, shard: Shard): Promise<CensusTable> {
  return inFolder(async (folder) =>
    readCensus([await writeParquet(join(folder, 'rows.parquet'), select)], folder, shard),
  );
}

async function writeParquet(path: string, select: string): Promise<string> {
  await sql(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
  return path;
}

async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'census-test-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A census file's rows in the file's own order: the instances, and 1 for each positive label. */
export async function censusInstances(split: Split): Promise<{ instances: Instance[]; labels: number[] }> {
  const numbers = INTEGERS.map((column) => `${column}::DOUBLE AS ${column}`).join();
  const rows = await sql(
    `SELECT ${[...FEATURES, LABEL].join()} FROM (SELECT * REPLACE (${numbers}) FROM (${censusRows(split)}))`,
  );
  return {
    instances: rows.map(({ [LABEL]: _, ...instance }) => instance as Instance),
    labels: rows.map((row) => (row[LABEL] === POSITIVE ? 1 : 0)),
  };
}
