import { z } from 'zod';

/** The formats that a snapshot can have, by the names that BigQuery gives them. */
export const SnapshotFormat = z.enum(['PARQUET', 'CSV', 'NEWLINE_DELIMITED_JSON']);
export type SnapshotFormat = z.infer<typeof SnapshotFormat>;

/** `workload.json`: what the handlers must know of a workload to move its data. Paths are relative to the file. */
export const Workload = z.looseObject({
  name: z.string(),
  /** The data set's columns, in the order of the CSV files. */
  columns: z.array(z.object({ name: z.string(), type: z.string() })).min(2),
  label: z.object({ column: z.string(), positive: z.string(), negative: z.string() }),
  transform: z.object({ source: z.string(), function: z.string(), schema: z.string() }),
  /** The staging columns in which the transform marks a row that it could not read. */
  rejectColumns: z.object({ reason: z.string(), raw: z.string() }),
  /** How the containers want the rows that they train on and evaluate with. */
  snapshot: z.object({ format: SnapshotFormat }).default({ format: 'PARQUET' }),
});
export type Workload = z.infer<typeof Workload>;

/** The accepted rows of a staging table, without the columns that mark a reject. */
export function acceptedRows({ columns, rejectColumns }: Workload, staging: string): string {
  const names = columns.map(({ name }) => `\`${name}\``).join(', ');
  return `SELECT ${names} FROM \`${staging}\` WHERE ${rejectColumns.reason} IS NULL`;
}

const EXPORTS: Record<SnapshotFormat, { suffix: string; options: string }> = {
  PARQUET: { suffix: '.parquet', options: "format='PARQUET'" },
  CSV: { suffix: '.csv', options: "format='CSV', header=true" },
  NEWLINE_DELIMITED_JSON: { suffix: '.jsonl', options: "format='JSON'" },
};

/**
 * The statement that writes a snapshot: one file or several, in the workload's format.
 *
 * @param folder a `gs://` address that ends in `/`
 */
export function snapshotStatement(workload: Workload, staging: string, folder: string): string {
  const { suffix, options } = EXPORTS[workload.snapshot.format];
  const rows = acceptedRows(workload, staging);
  return `EXPORT DATA OPTIONS(uri='${folder}*${suffix}', ${options}, overwrite=true) AS ${rows}`;
}
