import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { DROP_FILES } from '../../events/index.ts';

export type Row = Record<string, string | number | null>;

/** Reads one of a drop's two files, typed as its values are, with the spaces around them taken off. */
export async function readTable(directory: string, file: keyof typeof DROP_FILES): Promise<Row[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const path = join(directory, DROP_FILES[file]).replaceAll("'", "''");
  try {
    await connection.run(
      `CREATE TABLE text AS SELECT * FROM read_csv('${path}', header = true, all_varchar = true)`,
    );
    const trimmed = "SELECT NULLIF(trim(COLUMNS(*)), '') FROM text";
    const reader = await connection.runAndReadAll(trimmed);
    return typed(reader.getRowObjects() as Record<string, string | null>[]);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** A column whose every value is a number is numeric. */
function typed(rows: Record<string, string | null>[]): Row[] {
  const numeric = new Set(
    Object.keys(rows[0] ?? {}).filter((name) =>
      rows.every(({ [name]: value }) => value === null || Number.isFinite(Number(value))),
    ),
  );
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        value !== null && numeric.has(name) ? Number(value) : value,
      ]),
    ),
  );
}
