import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { ObjectStore, TableField } from '../boundaries.ts';
import { type Catalog, storedTable, tableKey } from './catalog.ts';
import { type DuckDBConnection, quoteName, quoteText } from './duckdb.ts';
import { invalid, notFound, unsupported } from './errors.ts';
import { selectAs } from './planned-query.ts';
import { appendRows } from './rows.ts';
import type { Tables } from './tables.ts';
import { duckdbType, fieldOf, normalizeFields } from './types.ts';
import { matchingObjects } from './uris.ts';

export const TableReferenceSchema = z.object({
  projectId: z.string(),
  datasetId: z.string(),
  tableId: z.string(),
});

export const FieldSchema: z.ZodType<TableField> = z.lazy(() =>
  z.looseObject({
    name: z.string(),
    type: z.string(),
    mode: z.string().optional(),
    fields: z.array(FieldSchema).optional(),
  }),
);

const numeric = z.coerce.number();

export const EncryptionSchema = z.object({ kmsKeyName: z.string() });

/** `configuration.load`. */
export const LoadConfiguration = z.looseObject({
  sourceUris: z.array(z.string()).min(1),
  destinationTable: TableReferenceSchema,
  schema: z.object({ fields: z.array(FieldSchema) }).optional(),
  sourceFormat: z.string().default('CSV'),
  writeDisposition: z.enum(['WRITE_APPEND', 'WRITE_TRUNCATE', 'WRITE_EMPTY']).default('WRITE_APPEND'),
  createDisposition: z.enum(['CREATE_IF_NEEDED', 'CREATE_NEVER']).default('CREATE_IF_NEEDED'),
  autodetect: z.boolean().default(false),
  skipLeadingRows: numeric.default(0),
  fieldDelimiter: z.string().default(','),
  quote: z.string().default('"'),
  nullMarker: z.string().default(''),
  allowJaggedRows: z.boolean().default(false),
  ignoreUnknownValues: z.boolean().default(false),
  maxBadRecords: numeric.default(0),
  destinationEncryptionConfiguration: EncryptionSchema.optional(),
});
export type LoadConfiguration = z.infer<typeof LoadConfiguration>;

/** Runs load jobs from Cloud Storage; a job that fails leaves the table as it was. */
export class Loader {
  readonly #catalog: Catalog;
  readonly #tables: Tables;
  readonly #objects: ObjectStore;

  constructor(catalog: Catalog, tables: Tables, objects: ObjectStore) {
    this.#catalog = catalog;
    this.#tables = tables;
    this.#objects = objects;
  }

  async load(job: LoadConfiguration): Promise<{ outputRows: number; inputFiles: number }> {
    if (job.maxBadRecords > 0) throw unsupported('maxBadRecords above 0');
    const files = matchingObjects(this.#objects, job.sourceUris).map(({ bucket, name }) =>
      this.#objects.path(bucket, name),
    );
    const outputRows = await this.#catalog.write(async (connection, edits) => {
      const reference = job.destinationTable;
      const existing = this.#catalog.findTable(reference);
      this.#catalog.dataset(reference.projectId, reference.datasetId);
      if (existing?.viewQuery !== undefined) throw invalid(`${tableKey(reference)} is a view`);
      if (!existing && job.createDisposition === 'CREATE_NEVER')
        throw notFound(`Table ${tableKey(reference)}`);
      const source = sourceOf(job, files, existing?.fields);
      const fields = await source.fields(connection);
      const settings = { kmsKeyName: job.destinationEncryptionConfiguration?.kmsKeyName };
      if (!existing || job.writeDisposition !== 'WRITE_APPEND') {
        await this.#tables.createWithin(connection, edits, reference, fields, {
          ...(settings.kmsKeyName && { kmsKeyName: settings.kmsKeyName }),
          disposition: job.writeDisposition === 'WRITE_TRUNCATE' ? 'WRITE_TRUNCATE' : 'WRITE_EMPTY',
        });
      }
      const target =
        existing && job.writeDisposition === 'WRITE_APPEND' ? existing.fields : normalizeFields(fields);
      return source.append(connection, storedTable(reference), target);
    });
    return { outputRows, inputFiles: files.length };
  }
}

interface Source {
  fields(connection: DuckDBConnection): Promise<TableField[]>;
  append(connection: DuckDBConnection, table: string, target: TableField[]): Promise<number>;
}

function sourceOf(job: LoadConfiguration, files: string[], existing: TableField[] | undefined): Source {
  const fields = job.schema?.fields ?? (job.writeDisposition === 'WRITE_TRUNCATE' ? undefined : existing);
  switch (job.sourceFormat) {
    case 'PARQUET':
      return relationSource(`read_parquet(${list(files)}, union_by_name=true)`, fields);
    case 'CSV':
      if (!fields && !job.autodetect) throw invalid('No schema specified on job or table.');
      return relationSource(csvReader(job, files, fields), fields);
    case 'NEWLINE_DELIMITED_JSON':
      if (!fields && !job.autodetect) throw invalid('No schema specified on job or table.');
      return fields
        ? jsonSource(job, files, fields)
        : relationSource(`read_json(${list(files)}, format='newline_delimited')`, undefined);
    default:
      throw unsupported(`source format ${job.sourceFormat}`);
  }
}

function relationSource(relation: string, fields: TableField[] | undefined): Source {
  const detect = async (connection: DuckDBConnection) => {
    const result = await connection.runAndReadAll(`SELECT * FROM ${relation} LIMIT 0`);
    return result.columnNames().map((name, index) => fieldOf(name, result.columnType(index)));
  };
  return {
    fields: async (connection) => fields ?? (await detect(connection)),
    append: async (connection, table, target) => {
      const present = new Set((await detect(connection)).map((field) => field.name.toLowerCase()));
      const columns = target.filter((field) => present.has(field.name.toLowerCase()));
      const names = columns.map((field) => quoteName(field.name)).join(', ');
      const select = selectAs(`(SELECT ${names} FROM ${relation})`, columns, duckdbType);
      try {
        return (await connection.run(`INSERT INTO ${table} (${names}) ${select}`)).rowsChanged;
      } catch (error) {
        const message =
          error instanceof Error ? error.message.split('\n').slice(0, 2).join(' ') : String(error);
        throw invalid(`Error while reading data, error message: ${message}`);
      }
    },
  };
}

function csvReader(job: LoadConfiguration, files: string[], fields: TableField[] | undefined): string {
  const delimiter = job.fieldDelimiter === 'tab' || job.fieldDelimiter === '\\t' ? '\t' : job.fieldDelimiter;
  const options = [
    `delim=${quoteText(delimiter)}`,
    `quote=${quoteText(job.quote)}`,
    `escape=${quoteText(job.quote)}`,
    `nullstr=${quoteText(job.nullMarker)}`,
    `null_padding=${job.allowJaggedRows}`,
    'max_line_size=16777216',
  ];
  if (fields) {
    const columns = fields.map((field) => `${quoteText(field.name)}: ${quoteText(duckdbType(field))}`);
    options.push(
      'auto_detect=false',
      'header=false',
      `skip=${job.skipLeadingRows}`,
      `columns={${columns.join(', ')}}`,
    );
  } else options.push('auto_detect=true');
  return `read_csv(${list(files)}, ${options.join(', ')})`;
}

function jsonSource(job: LoadConfiguration, files: string[], fields: TableField[]): Source {
  return {
    fields: async () => fields,
    append: (connection, _table, target) =>
      appendRows(
        connection,
        job.destinationTable,
        target,
        jsonRows(files),
        job.ignoreUnknownValues ? 'ignore' : 'refuse',
      ),
  };
}

async function* jsonRows(files: string[]): AsyncGenerator<unknown> {
  for (const file of files) {
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      if (line.trim() !== '') yield parseRow(line);
    }
  }
}

/** Reads one line of newline-delimited JSON. Throws `invalid` when it isn't JSON. */
export function parseRow(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    const message = `JSON parsing error: ${(error as Error).message}`;
    throw invalid(`Error while reading data, error message: ${message}`);
  }
}

function list(files: string[]): string {
  return `[${files.map(quoteText).join(', ')}]`;
}
