import type { TableField, TableReference } from '../boundaries.ts';
import { type Database, type DuckDBConnection, quoteName } from './duckdb.ts';
import { notFound } from './errors.ts';

export interface DatasetRecord {
  projectId: string;
  datasetId: string;
  location: string;
  kmsKeyName?: string;
  labels?: Record<string, string>;
  description?: string;
  friendlyName?: string;
  defaultTableExpirationMs?: string;
  access?: unknown[];
  /** Milliseconds since the epoch. */
  creationTime: number;
  lastModifiedTime: number;
}

export interface TableRecord {
  reference: TableReference;
  fields: TableField[];
  /** The GoogleSQL of a view; a table has none. */
  viewQuery?: string;
  kmsKeyName?: string;
  labels?: Record<string, string>;
  description?: string;
  friendlyName?: string;
  /** Kept for whoever reads it: rows are not stored by it. */
  timePartitioning?: { type: string; field?: string };
  /** Milliseconds since the epoch; the table is gone after it. */
  expirationTime?: number;
  creationTime: number;
  lastModifiedTime: number;
}

interface Documents {
  dataset: DatasetRecord;
  table: TableRecord;
}
type Kind = keyof Documents;

/** What a write changes in the catalogue; it takes effect when the transaction commits. */
export interface Edits {
  put<K extends Kind>(kind: K, key: string, document: Documents[K]): void;
  remove(kind: Kind, key: string): void;
}

const DOCUMENTS = '_catalog.documents';

export const datasetKey = (projectId: string, datasetId: string): string => `${projectId}:${datasetId}`;
export const tableKey = (table: TableReference): string =>
  `${datasetKey(table.projectId, table.datasetId)}.${table.tableId}`;

/**
 * DuckDB folds case and BigQuery's table names don't, so a capital is written as `^` and its small letter. The
 * schema's name holds the project, so that two projects may each have a dataset of the same name.
 */
export function storedNames(table: TableReference): { schema: string; table: string } {
  return {
    schema: `${table.projectId}.${withoutCapitals(table.datasetId)}`,
    table: withoutCapitals(table.tableId),
  };
}

/** The DuckDB schema that holds a dataset's tables, quoted. */
export function storedSchema(projectId: string, datasetId: string): string {
  return quoteName(storedNames({ projectId, datasetId, tableId: '' }).schema);
}

/** The DuckDB table that holds a BigQuery table's rows, quoted. */
export function storedTable(reference: TableReference): string {
  const { schema, table } = storedNames(reference);
  return `${quoteName(schema)}.${quoteName(table)}`;
}

function withoutCapitals(name: string): string {
  return name.replace(/\p{Lu}/gu, (letter) => `^${letter.toLowerCase()}`);
}

/**
 * Projects' datasets and tables. The documents lie in the same DuckDB file as the rows and change
 * in the same transactions, so a stop at any moment leaves both in step.
 */
export class Catalog {
  readonly #database: Database;
  readonly #now: () => number;
  readonly #documents: { [K in Kind]: Map<string, Documents[K]> } = {
    dataset: new Map(),
    table: new Map(),
  };

  private constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  static async open(database: Database, now: () => number): Promise<Catalog> {
    const catalog = new Catalog(database, now);
    await database.write(async (connection) => {
      await connection.run('CREATE SCHEMA IF NOT EXISTS _catalog');
      await connection.run(
        `CREATE TABLE IF NOT EXISTS ${DOCUMENTS} (kind VARCHAR, key VARCHAR, document VARCHAR)`,
      );
      const stored = await connection.runAndReadAll(`SELECT kind, key, document FROM ${DOCUMENTS}`);
      for (const [kind, key, document] of stored.getRowsJson() as [Kind, string, string][]) {
        catalog.#documents[kind].set(key, JSON.parse(document));
      }
    });
    return catalog;
  }

  findDataset(projectId: string, datasetId: string): DatasetRecord | undefined {
    return this.#documents.dataset.get(datasetKey(projectId, datasetId));
  }

  dataset(projectId: string, datasetId: string): DatasetRecord {
    const dataset = this.findDataset(projectId, datasetId);
    if (!dataset) throw notFound(`Dataset ${datasetKey(projectId, datasetId)}`);
    return dataset;
  }

  datasets(projectId: string): DatasetRecord[] {
    const all = [...this.#documents.dataset.values()].filter((dataset) => dataset.projectId === projectId);
    return all.sort((a, b) => (a.datasetId < b.datasetId ? -1 : 1));
  }

  findTable(reference: TableReference): TableRecord | undefined {
    const table = this.#documents.table.get(tableKey(reference));
    return table && this.#isAlive(table) ? table : undefined;
  }

  /** Whether there is a table of that name in DuckDB, or a view in the catalogue, be it expired. */
  isStored(reference: TableReference): boolean {
    return this.#documents.table.has(tableKey(reference));
  }

  table(reference: TableReference): TableRecord {
    this.dataset(reference.projectId, reference.datasetId);
    const table = this.findTable(reference);
    if (!table) throw notFound(`Table ${tableKey(reference)}`);
    return table;
  }

  tables(projectId: string, datasetId: string): TableRecord[] {
    const key = datasetKey(projectId, datasetId);
    const inDataset = [...this.#documents.table.values()].filter(
      ({ reference }) => datasetKey(reference.projectId, reference.datasetId) === key,
    );
    return inDataset
      .filter((table) => this.#isAlive(table))
      .sort((a, b) => (a.reference.tableId < b.reference.tableId ? -1 : 1));
  }

  /** Runs a transaction that changes rows and documents together. */
  async write<T>(work: (connection: DuckDBConnection, edits: Edits) => Promise<T>): Promise<T> {
    const apply: (() => void)[] = [];
    const result = await this.#database.write(async (connection) => {
      const changes = new Map<string, { kind: Kind; key: string; document?: object }>();
      const result = await work(connection, {
        put: (kind, key, document) => {
          changes.set(`${kind} ${key}`, { kind, key, document });
          apply.push(() => this.#documents[kind].set(key, document));
        },
        remove: (kind, key) => {
          changes.set(`${kind} ${key}`, { kind, key });
          apply.push(() => this.#documents[kind].delete(key));
        },
      });
      for (const { kind, key, document } of changes.values()) {
        // What is new replaces nothing, and need not be looked for.
        if (this.#documents[kind].has(key)) {
          await connection.run(`DELETE FROM ${DOCUMENTS} WHERE kind = $1 AND key = $2`, [kind, key]);
        }
        if (!document) continue;
        await connection.run(`INSERT INTO ${DOCUMENTS} VALUES ($1, $2, $3)`, [
          kind,
          key,
          JSON.stringify(document),
        ]);
      }
      return result;
    });
    for (const change of apply) change();
    return result;
  }

  #isAlive(table: TableRecord): boolean {
    return table.expirationTime === undefined || table.expirationTime > this.#now();
  }
}
