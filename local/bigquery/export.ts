import { randomUUID } from 'node:crypto';
import { createReadStream, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ObjectStore, TableField } from '../boundaries.ts';
import { type DuckDBConnection, quoteText } from './duckdb.ts';
import { invalid, invalidQuery, notFound, unsupported } from './errors.ts';
import { type PlannedQuery, selectAs } from './planned-query.ts';
import type { Options } from './statements.ts';
import { duckdbType } from './types.ts';
import { exportedObject, parseUri } from './uris.ts';

export interface ExportRequest {
  uri: string;
  format: string;
  compression?: string;
  fieldDelimiter?: string;
  printHeader?: boolean;
}

const CONTENT_TYPES: Record<string, string> = { CSV: 'text/csv', NEWLINE_DELIMITED_JSON: 'application/json' };

/** Writes rows to Cloud Storage, for extract jobs and EXPORT DATA. An export is one object, however large. */
export class Exporter {
  readonly #objects: ObjectStore;
  readonly #folder: string;

  /** @param folder where files lie until they are objects */
  constructor(objects: ObjectStore, folder: string) {
    this.#objects = objects;
    this.#folder = folder;
  }

  /** Reads and checks the OPTIONS of an EXPORT DATA statement. */
  readExportOptions(options: Options): ExportRequest {
    const { uri, format, overwrite, compression, field_delimiter, header, ...rest } = options;
    const [unknown] = Object.keys(rest);
    if (unknown) throw unsupported(`option ${unknown} of EXPORT DATA`);
    if (typeof uri !== 'string' || typeof format !== 'string') {
      throw invalidQuery('EXPORT DATA requires the options uri and format');
    }
    if (uri.split('*').length !== 2) {
      throw invalidQuery(`Invalid uri ${uri}: option 'uri' must be a single wildcard URI`);
    }
    const { bucket, name } = parseUri(uri);
    if (!this.#objects.hasBucket(bucket)) throw notFound(`Bucket ${bucket}`);
    const [prefix, suffix] = name.split('*');
    const present = this.#objects.list(bucket, prefix).find((object) => object.name.endsWith(suffix));
    if (present && overwrite !== true) {
      throw invalidQuery(
        `Invalid value: destination ${uri} is not empty (gs://${bucket}/${present.name}); use overwrite=true`,
      );
    }
    return {
      uri,
      format: format.toUpperCase() === 'JSON' ? 'NEWLINE_DELIMITED_JSON' : format.toUpperCase(),
      ...(typeof compression === 'string' && { compression: compression.toUpperCase() }),
      ...(typeof field_delimiter === 'string' && { fieldDelimiter: field_delimiter }),
      printHeader: header === true,
    };
  }

  /** Runs the query into a file and stores it as an object. */
  async write(
    connection: DuckDBConnection,
    { sql, fields }: PlannedQuery,
    request: ExportRequest,
  ): Promise<void> {
    const { bucket, name } = exportedObject(request.uri);
    if (!this.#objects.hasBucket(bucket)) throw notFound(`Bucket ${bucket}`);
    const { query, options } = copyPlan(sql, fields, request);
    mkdirSync(this.#folder, { recursive: true });
    const file = join(this.#folder, randomUUID());
    try {
      await connection.run(`COPY (${query}) TO ${quoteText(file)} (${options})`);
      await this.#objects.write(bucket, name, createReadStream(file), {
        contentType: CONTENT_TYPES[request.format] ?? 'application/octet-stream',
      });
    } finally {
      rmSync(file, { force: true });
    }
  }
}

function copyPlan(
  sql: string,
  fields: TableField[],
  request: ExportRequest,
): { query: string; options: string } {
  const compression = request.compression ?? 'NONE';
  if (request.format === 'PARQUET') {
    const codec = { NONE: 'uncompressed', SNAPPY: 'snappy', GZIP: 'gzip', ZSTD: 'zstd' }[compression];
    if (!codec) throw invalid(`Invalid compression ${compression} for PARQUET`);
    return { query: sql, options: `FORMAT parquet, COMPRESSION ${codec}` };
  }
  const codec = { NONE: 'none', GZIP: 'gzip' }[compression];
  if (!codec) throw invalid(`Invalid compression ${compression} for ${request.format}`);
  if (request.format === 'NEWLINE_DELIMITED_JSON') {
    // A 64-bit integer is text in BigQuery's JSON, which a JSON number may not hold.
    const query = selectAs(`(${sql})`, fields, (field) => duckdbType(field, (type) => jsonType(type)));
    return { query, options: `FORMAT json, COMPRESSION ${codec}` };
  }
  if (request.format !== 'CSV') throw unsupported(`destination format ${request.format}`);
  const nested = fields.find((field) => field.mode === 'REPEATED' || field.type === 'RECORD');
  if (nested) throw invalid(`Operation cannot be performed on a nested schema. Field: ${nested.name}`);
  const delimiter = request.fieldDelimiter ?? ',';
  const header = request.printHeader ?? true;
  return {
    query: sql,
    options: `FORMAT csv, HEADER ${header}, DELIMITER ${quoteText(delimiter)}, COMPRESSION ${codec}`,
  };
}

function jsonType(type: string): string {
  return type === 'INTEGER' ? 'VARCHAR' : duckdbType({ name: '', type });
}
