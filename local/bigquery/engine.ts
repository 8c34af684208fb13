import { join } from 'node:path';
import type { CheckKey, ObjectStore, TableField, TableReference, Warehouse } from '../boundaries.ts';
import { Catalog, storedTable, type TableRecord, tableKey } from './catalog.ts';
import { Database } from './duckdb.ts';
import { invalid } from './errors.ts';
import { StatementRunner } from './execute.ts';
import { Exporter } from './export.ts';
import { Jobs } from './jobs.ts';
import { Loader } from './load.ts';
import type { RowsPage, RowsQuery } from './pages.ts';
import { readPage } from './pages.ts';
import { appendRows } from './rows.ts';
import { TableJobs } from './table-jobs.ts';
import { type TableSettings, Tables } from './tables.ts';
import { normalizeFields } from './types.ts';
import { plainValue } from './values.ts';

export interface BigQueryOptions {
  /** The local cloud's state folder; the warehouse lies in its `bigquery`. */
  stateDir: string;
  objects: ObjectStore;
  /** Milliseconds since the epoch; the machine's clock by default. */
  now?: () => number;
  /** Asked before a dataset or table is created; the table's key may be its dataset's. */
  checkKey?: CheckKey;
  /** What DuckDB may hold in memory before it spills to disk. */
  memoryLimit?: string;
}

/** A table, or with a query a view. */
type TableDeclaration = TableSettings & { reference: TableReference; fields: TableField[] };

/** BigQuery on one DuckDB file. */
export class BigQueryEngine implements Warehouse {
  readonly database: Database;
  readonly catalog: Catalog;
  readonly tables: Tables;
  readonly jobs: Jobs;
  readonly #runner: StatementRunner;

  private constructor(database: Database, catalog: Catalog, options: BigQueryOptions, now: () => number) {
    this.database = database;
    this.catalog = catalog;
    this.tables = new Tables(catalog, now, options.checkKey ?? (() => {}));
    const exporter = new Exporter(options.objects, join(options.stateDir, 'bigquery', 'exports'));
    const loader = new Loader(catalog, this.tables, options.objects);
    this.#runner = new StatementRunner({ database, catalog, tables: this.tables, exporter });
    this.jobs = new Jobs({
      file: join(options.stateDir, 'bigquery', 'jobs.jsonl'),
      database,
      catalog,
      runner: this.#runner,
      loader,
      tableJobs: new TableJobs({ database, catalog, tables: this.tables, exporter }),
      now,
    });
  }

  /** Opens the warehouse, or makes an empty one. Throws when another process has it open. */
  static async open(options: BigQueryOptions): Promise<BigQueryEngine> {
    const now = options.now ?? Date.now;
    const file = join(options.stateDir, 'bigquery', 'warehouse.duckdb');
    const database = await Database.open(file, options.memoryLimit);
    return new BigQueryEngine(database, await Catalog.open(database, now), options, now);
  }

  async createDataset(dataset: Parameters<Warehouse['createDataset']>[0]): Promise<void> {
    await this.tables.createDataset(dataset);
  }

  async schema(table: TableReference): Promise<TableField[]> {
    return this.catalog.table(table).fields;
  }

  async createTable(table: TableReference, fields: TableField[]): Promise<void> {
    await this.tables.createTable(table, fields);
  }

  /** Creates a view, whose query is checked now and expanded wherever the view is named. */
  async createView(reference: TableReference, query: string, settings: TableSettings): Promise<TableRecord> {
    const { fields } = await this.#runner.run(query, { project: reference.projectId }, true);
    return this.tables.createTable(reference, fields, { ...settings, viewQuery: query });
  }

  /** Creates a table or view, or brings the one that is there to this declaration. */
  async declareTable({ reference, fields, viewQuery, ...settings }: TableDeclaration): Promise<void> {
    const existing = this.catalog.findTable(reference);
    if (viewQuery !== undefined) {
      if (existing?.viewQuery === viewQuery) return;
      if (existing) await this.tables.deleteTable(reference);
      await this.createView(reference, viewQuery, settings);
    } else if (existing) {
      await this.tables.patchTable(reference, { ...settings, fields });
    } else {
      await this.tables.createTable(reference, fields, settings);
    }
  }

  async append(
    reference: TableReference,
    rows: Iterable<Record<string, unknown>> | AsyncIterable<Record<string, unknown>>,
    options: { createWith?: TableField[] } = {},
  ): Promise<number> {
    return this.catalog.write(async (connection, edits) => {
      const given = options.createWith && normalizeFields(options.createWith);
      this.catalog.dataset(reference.projectId, reference.datasetId);
      const existing = given ? this.catalog.findTable(reference) : this.catalog.table(reference);
      if (existing?.viewQuery !== undefined) throw invalid(`Table ${tableKey(reference)} is a view`);
      if (existing && given) checkSchema(existing, given);
      const table =
        existing ??
        (await this.tables.createWithin(connection, edits, reference, given ?? [], {
          disposition: 'WRITE_EMPTY',
        }));
      return appendRows(connection, reference, table.fields, rows);
    });
  }

  async query(project: string, sql: string): Promise<Record<string, unknown>[]> {
    const { result, fields } = await this.#runner.run(sql, { project });
    if (result === undefined) return [];
    return this.database.read(async (connection) => {
      const rows = (await connection.runAndReadAll(`SELECT * FROM ${result}`)).getRows();
      await connection.run(`DROP TABLE ${result}`);
      return rows.map((row) =>
        Object.fromEntries(fields.map(({ name }, index) => [name, plainValue(row[index])])),
      );
    });
  }

  /** How many rows a table has. */
  async countRows(reference: TableReference): Promise<number> {
    return this.database.read(async (connection) => {
      const count = await connection.runAndReadAll(`SELECT count(*) FROM ${storedTable(reference)}`);
      return Number(count.getRows()[0][0]);
    });
  }

  /** A page of a table's rows, as `tabledata.list` answers it. */
  async readTable(reference: TableReference, query: RowsQuery): Promise<RowsPage & { totalRows: number }> {
    const { fields, viewQuery } = this.catalog.table(reference);
    if (viewQuery !== undefined) throw invalid(`Cannot list a table of type VIEW.`);
    const rowCount = await this.countRows(reference);
    return {
      totalRows: rowCount,
      ...(await readPage(this.database, storedTable(reference), { fields, rowCount }, query)),
    };
  }

  /** Ends running writes and closes the file. */
  async close(): Promise<void> {
    await this.jobs.settled();
    await this.database.close();
  }
}

/** A load names its schema again: its columns must be the table's, and the table's others must be nullable. */
function checkSchema(table: TableRecord, given: TableField[]): void {
  const refuse = (what: string) =>
    invalid(`Provided Schema does not match Table ${tableKey(table.reference)}. ${what}`);
  for (const field of given) {
    const column = table.fields.find(({ name }) => name.toLowerCase() === field.name.toLowerCase());
    if (!column) throw refuse(`Cannot add fields (field: ${field.name})`);
    if (column.type !== field.type) {
      throw refuse(`Field ${field.name} has changed type from ${column.type} to ${field.type}`);
    }
    if ((column.mode === 'REPEATED') !== (field.mode === 'REPEATED')) {
      throw refuse(`Field ${field.name} has changed mode from ${column.mode} to ${field.mode}`);
    }
  }
}
