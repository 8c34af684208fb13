import { type DuckDBConnection, DuckDBDataChunk, type DuckDBType, type DuckDBValue } from '@duckdb/node-api';
import type { TableField, TableReference } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import { storedNames, storedTable } from './catalog.ts';
import { invalid } from './errors.ts';
import { storedRow } from './json-values.ts';

/** DuckDB's own batch size. */
const CHUNK_ROWS = 2048;

/**
 * Appends JSON rows within the caller's transaction and answers how many there were. Rows are read as a load job
 * reads them: text that reads as the column's type is converted, anything else is refused.
 *
 * @param onUnknown what a field that the table lacks does to its row
 * @throws `invalid` with the number of the first bad row
 */
export async function appendRows(
  connection: DuckDBConnection,
  table: TableReference,
  fields: TableField[],
  rows: Iterable<unknown> | AsyncIterable<unknown>,
  onUnknown: 'refuse' | 'ignore' = 'refuse',
): Promise<number> {
  const types = (await connection.runAndReadAll(`SELECT * FROM ${storedTable(table)} LIMIT 0`)).columnTypes();
  const names = storedNames(table);
  const appender = await connection.createAppender(names.table, names.schema);
  let count = 0;
  let batch: DuckDBValue[][] = [];
  try {
    for await (const row of rows) {
      count++;
      batch.push(convert(row, fields, count, onUnknown));
      if (batch.length < CHUNK_ROWS) continue;
      appender.appendDataChunk(chunkOf(types, batch));
      batch = [];
    }
    if (batch.length > 0) appender.appendDataChunk(chunkOf(types, batch));
    appender.flushSync();
  } finally {
    appender.closeSync();
  }
  return count;
}

function convert(
  row: unknown,
  fields: TableField[],
  number: number,
  onUnknown: 'refuse' | 'ignore',
): DuckDBValue[] {
  try {
    return storedRow(row, fields, onUnknown);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    throw invalid(
      `Error while reading data, error message: JSON parsing error in row ${number}: ${error.message}`,
    );
  }
}

function chunkOf(types: DuckDBType[], rows: DuckDBValue[][]): DuckDBDataChunk {
  const chunk = DuckDBDataChunk.create(types, rows.length);
  chunk.setColumns(types.map((_, column) => rows.map((row) => row[column])));
  return chunk;
}
