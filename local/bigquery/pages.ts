import { z } from 'zod';
import type { TableField } from '../boundaries.ts';
import type { Database } from './duckdb.ts';
import { invalid } from './errors.ts';
import { type Cell, restCell, type TimestampFormat } from './values.ts';

const MOST_ROWS = 10_000;

/** The paging and formatting parameters of the methods that answer rows. */
export const RowsQuery = z.looseObject({
  maxResults: z.coerce.number().int().nonnegative().optional(),
  startIndex: z.coerce.number().int().nonnegative().optional(),
  pageToken: z.string().optional(),
  timeoutMs: z.coerce.number().optional(),
  'formatOptions.useInt64Timestamp': z.stringbool().optional(),
  'formatOptions.timestampOutputFormat': z.string().optional(),
});
export type RowsQuery = z.infer<typeof RowsQuery>;

export interface RowsPage {
  rows: { f: Cell[] }[];
  pageToken?: string;
}

/** Reads one page of a relation, whose rows keep the order they were written in. */
export async function readPage(
  database: Database,
  relation: string,
  { fields, rowCount }: { fields: TableField[]; rowCount: number },
  query: RowsQuery,
): Promise<RowsPage> {
  const start = query.pageToken === undefined ? (query.startIndex ?? 0) : Number(query.pageToken);
  if (!Number.isInteger(start)) throw invalid(`Invalid page token: ${query.pageToken}`);
  const limit = Math.min(query.maxResults ?? MOST_ROWS, MOST_ROWS);
  const format = timestampFormat(query);
  const values = await database.read(async (connection) => {
    const page = await connection.runAndReadAll(`SELECT * FROM ${relation} LIMIT ${limit} OFFSET ${start}`);
    return page.getRows();
  });
  const rows = values.map((row) => ({
    f: row.map((value, index) => restCell(value, fields[index], format)),
  }));
  const next = start + rows.length;
  return { rows, ...(next < rowCount && rows.length > 0 && { pageToken: String(next) }) };
}

function timestampFormat(query: RowsQuery): TimestampFormat {
  if (query['formatOptions.timestampOutputFormat'] === 'ISO8601_STRING') return 'ISO8601_STRING';
  const asInteger =
    query['formatOptions.useInt64Timestamp'] || query['formatOptions.timestampOutputFormat'] === 'INT64';
  return asInteger ? 'INT64' : 'FLOAT64';
}
