import type { TableField, TableReference } from '../boundaries.ts';
import { type Catalog, storedTable } from './catalog.ts';
import type { Database } from './duckdb.ts';
import { invalid } from './errors.ts';
import type { Exporter } from './export.ts';
import type {
  CopyConfiguration,
  ExtractConfiguration,
  QueryConfiguration,
  WriteDisposition,
} from './job-configuration.ts';
import type { Outcome } from './outcome.ts';
import { selectAs } from './planned-query.ts';
import type { Tables } from './tables.ts';

export interface TableJobParts {
  database: Database;
  catalog: Catalog;
  tables: Tables;
  exporter: Exporter;
}

/** What jobs do with whole tables: fill one from others or from a query's rows, and extract one. */
export class TableJobs {
  readonly #parts: TableJobParts;

  constructor(parts: TableJobParts) {
    this.#parts = parts;
  }

  /** Writes a query's rows into the table that the job names; else BigQuery keeps them for a day, in one of its own. */
  async store(
    outcome: Outcome & { result: string },
    query: QueryConfiguration,
    job: { projectId: string; jobId: string },
  ): Promise<void> {
    const kmsKeyName = query.destinationEncryptionConfiguration?.kmsKeyName;
    if (!query.destinationTable) {
      if (kmsKeyName) this.#parts.tables.checkResultKey(kmsKeyName, job.projectId, job.jobId);
      return;
    }
    await this.#fill(
      query.destinationTable,
      outcome.fields,
      `SELECT * FROM ${outcome.result}`,
      query.writeDisposition,
      kmsKeyName,
    );
  }

  /** Copies tables, which must have the same schema, into one. */
  async copy(copy: CopyConfiguration): Promise<void> {
    const { catalog } = this.#parts;
    const sources = copy.sourceTables ?? (copy.sourceTable ? [copy.sourceTable] : []);
    if (sources.length === 0) throw invalid('Required parameter is missing: sourceTables');
    const tables = sources.map((source) => catalog.table(source));
    const view = tables.find((table) => table.viewQuery !== undefined);
    if (view) throw invalid(`Cannot copy a view: ${view.reference.tableId}`);
    const shape = (index: number) =>
      JSON.stringify(tables[index].fields.map(({ name, type, mode }) => [name, type, mode]));
    const odd = tables.findIndex((_, index) => shape(index) !== shape(0));
    if (odd >= 0) throw invalid(`Schemas of source tables differ: ${sources[odd].tableId}`);
    const select = sources.map((source) => `SELECT * FROM ${storedTable(source)}`).join(' UNION ALL ');
    const kmsKeyName = copy.destinationEncryptionConfiguration?.kmsKeyName;
    await this.#fill(copy.destinationTable, tables[0].fields, select, copy.writeDisposition, kmsKeyName);
  }

  /** Writes a table's rows to an object, and answers the job's statistics. */
  async extract(extract: ExtractConfiguration): Promise<{ destinationUriFileCounts: string[] }> {
    const { catalog, database, exporter } = this.#parts;
    const { fields, viewQuery } = catalog.table(extract.sourceTable);
    if (viewQuery !== undefined)
      throw invalid('Views cannot be extracted; export a query of the view instead.');
    const [uri] = extract.destinationUris;
    const sql = `SELECT * FROM ${storedTable(extract.sourceTable)}`;
    const request = { ...extract, uri, format: extract.destinationFormat };
    await database.read((connection) => exporter.write(connection, { sql, fields }, request));
    return { destinationUriFileCounts: ['1'] };
  }

  async #fill(
    table: TableReference,
    fields: TableField[],
    select: string,
    writeDisposition: WriteDisposition,
    kmsKeyName: string | undefined,
  ): Promise<void> {
    const { catalog, tables } = this.#parts;
    await catalog.write(async (connection, edits) => {
      if (writeDisposition === 'WRITE_APPEND' && catalog.findTable(table)) {
        const columns = catalog.table(table).fields;
        if (columns.length !== fields.length)
          throw invalid('Provided Schema does not match the destination table.');
        await connection.run(`INSERT INTO ${storedTable(table)} ${selectAs(`(${select})`, columns)}`);
        return;
      }
      await tables.createWithin(connection, edits, table, fields, {
        ...(kmsKeyName && { kmsKeyName }),
        query: select,
        disposition: writeDisposition === 'WRITE_TRUNCATE' ? 'WRITE_TRUNCATE' : 'WRITE_EMPTY',
      });
    });
  }
}
