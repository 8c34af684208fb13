import type { CheckKey, TableField, TableReference } from '../boundaries.ts';
import {
  type Catalog,
  type DatasetRecord,
  datasetKey,
  type Edits,
  storedNames,
  storedSchema,
  storedTable,
  type TableRecord,
  tableKey,
} from './catalog.ts';
import { type DuckDBConnection, quoteName } from './duckdb.ts';
import { duplicate, invalid } from './errors.ts';
import { columnDefinition, normalizeFields } from './types.ts';

/** What a caller chooses about a new dataset. */
export type DatasetSettings = Omit<DatasetRecord, 'creationTime' | 'lastModifiedTime'>;

/** What a caller chooses about a new table, besides its name and its columns. */
export type TableSettings = Partial<
  Pick<
    TableRecord,
    | 'kmsKeyName'
    | 'labels'
    | 'description'
    | 'friendlyName'
    | 'timePartitioning'
    | 'expirationTime'
    | 'viewQuery'
  >
>;

/** Datasets and tables as the REST API and DDL change them. */
export class Tables {
  readonly #catalog: Catalog;
  readonly #now: () => number;
  readonly #checkKey: CheckKey;

  constructor(catalog: Catalog, now: () => number, checkKey: CheckKey) {
    this.#catalog = catalog;
    this.#now = now;
    this.#checkKey = checkKey;
  }

  async createDataset(settings: DatasetSettings): Promise<DatasetRecord> {
    const { projectId, datasetId } = settings;
    if (!/^\w{1,1024}$/.test(datasetId)) {
      throw invalid(
        `Invalid dataset ID "${datasetId}". Dataset IDs must be alphanumeric (plus underscores) and must be at most 1024 characters long.`,
      );
    }
    const resource = `projects/${projectId}/datasets/${datasetId}`;
    const { kmsKeyName, location } = settings;
    this.#checkKey({ kmsKeyName, project: projectId, location, resource });
    const time = this.#now();
    const dataset = { ...settings, creationTime: time, lastModifiedTime: time };
    await this.#catalog.write(async (connection, edits) => {
      const key = datasetKey(projectId, datasetId);
      if (this.#catalog.findDataset(projectId, datasetId)) throw duplicate(`Dataset ${key}`);
      await connection.run(`CREATE SCHEMA ${storedSchema(projectId, datasetId)}`);
      edits.put('dataset', key, dataset);
    });
    return dataset;
  }

  /** Throws when a job's result may not be kept under the key. */
  checkResultKey(kmsKeyName: string, project: string, jobId: string): void {
    this.#checkKey({ kmsKeyName, project, resource: `projects/${project}/jobs/${jobId}` });
  }

  async patchDataset(
    projectId: string,
    datasetId: string,
    changes: Partial<DatasetSettings>,
  ): Promise<DatasetRecord> {
    return this.#catalog.write(async (_connection, edits) => {
      const before = this.#catalog.dataset(projectId, datasetId);
      const after = { ...before, ...changes, lastModifiedTime: this.#now() };
      this.#checkKey({
        kmsKeyName: after.kmsKeyName,
        project: projectId,
        location: after.location,
        resource: `projects/${projectId}/datasets/${datasetId}`,
      });
      edits.put('dataset', datasetKey(projectId, datasetId), after);
      return after;
    });
  }

  async deleteDataset(projectId: string, datasetId: string, deleteContents: boolean): Promise<void> {
    await this.#catalog.write(async (connection, edits) => {
      this.#catalog.dataset(projectId, datasetId);
      const tables = this.#catalog.tables(projectId, datasetId);
      if (tables.length > 0 && !deleteContents) {
        throw invalid(`Dataset ${datasetKey(projectId, datasetId)} is still in use`);
      }
      await connection.run(`DROP SCHEMA ${storedSchema(projectId, datasetId)} CASCADE`);
      for (const table of tables) edits.remove('table', tableKey(table.reference));
      edits.remove('dataset', datasetKey(projectId, datasetId));
    });
  }

  async createTable(
    reference: TableReference,
    fields: TableField[],
    settings: TableSettings = {},
  ): Promise<TableRecord> {
    return this.#catalog.write((connection, edits) =>
      this.createWithin(connection, edits, reference, fields, { ...settings, disposition: 'WRITE_EMPTY' }),
    );
  }

  /**
   * Creates a table within a transaction: filled by `query`, or empty. `WRITE_TRUNCATE` replaces one that is
   * there, keeping nothing of it.
   */
  async createWithin(
    connection: DuckDBConnection,
    edits: Edits,
    reference: TableReference,
    fields: TableField[],
    rest: TableSettings & { query?: string; disposition: 'WRITE_EMPTY' | 'WRITE_TRUNCATE' },
  ): Promise<TableRecord> {
    const { query, disposition, ...settings } = rest;
    const dataset = this.#catalog.dataset(reference.projectId, reference.datasetId);
    if (!/^[\p{L}\p{M}\p{N}\p{Pc}\p{Pd} ]{1,1024}$/u.test(reference.tableId)) {
      throw invalid(`Invalid table ID "${reference.tableId}".`);
    }
    if (disposition === 'WRITE_EMPTY' && this.#catalog.findTable(reference)) {
      throw duplicate(`Table ${tableKey(reference)}`);
    }
    this.#checkKey({
      kmsKeyName: settings.kmsKeyName ?? dataset.kmsKeyName,
      project: reference.projectId,
      location: dataset.location,
      resource: `projects/${reference.projectId}/datasets/${reference.datasetId}/tables/${reference.tableId}`,
    });
    const columns = normalizeFields(fields);
    const stored = storedTable(reference);
    const replaced = this.#catalog.isStored(reference);
    // Filled under another name where one is there: the query may read the very table that it replaces.
    const filled = replaced ? storedTable({ ...reference, tableId: '^filling' }) : stored;
    const isView = settings.viewQuery !== undefined;
    if (!isView) {
      if (columns.length === 0) throw invalid('Schema has no fields.');
      await connection.run(`CREATE TABLE ${filled} (${columns.map(columnDefinition).join(', ')})`);
      if (query) await connection.run(`INSERT INTO ${filled} ${query}`);
    }
    if (replaced) await connection.run(`DROP TABLE IF EXISTS ${stored}`);
    if (replaced && !isView) {
      await connection.run(`ALTER TABLE ${filled} RENAME TO ${quoteName(storedNames(reference).table)}`);
    }
    const time = this.#now();
    const expiration = Number(dataset.defaultTableExpirationMs ?? 0);
    const table: TableRecord = {
      reference,
      fields: columns,
      ...(dataset.kmsKeyName && { kmsKeyName: dataset.kmsKeyName }),
      ...(expiration > 0 && { expirationTime: time + expiration }),
      ...settings,
      creationTime: time,
      lastModifiedTime: time,
    };
    edits.put('table', tableKey(reference), table);
    return table;
  }

  /** Changes a table's metadata; new columns may be added at the end and none removed. */
  async patchTable(
    reference: TableReference,
    changes: TableSettings & { fields?: TableField[] },
  ): Promise<TableRecord> {
    return this.#catalog.write(async (connection, edits) => {
      const before = this.#catalog.table(reference);
      const fields = changes.fields ? normalizeFields(changes.fields) : before.fields;
      for (const added of addedFields(before, fields)) {
        await connection.run(`ALTER TABLE ${storedTable(reference)} ADD COLUMN ${columnDefinition(added)}`);
      }
      const after = { ...before, ...changes, fields, lastModifiedTime: this.#now() };
      edits.put('table', tableKey(reference), after);
      return after;
    });
  }

  async deleteTable(reference: TableReference): Promise<void> {
    await this.#catalog.write(async (connection, edits) => {
      this.#catalog.table(reference);
      await connection.run(`DROP TABLE IF EXISTS ${storedTable(reference)}`);
      edits.remove('table', tableKey(reference));
    });
  }
}

function addedFields(table: TableRecord, fields: TableField[]): TableField[] {
  const refuse = (what: string) =>
    invalid(`Provided Schema does not match Table ${tableKey(table.reference)}. ${what}`);
  for (const [index, field] of table.fields.entries()) {
    const next = fields[index];
    if (next?.name !== field.name) throw refuse(`Field ${field.name} is missing in new schema`);
    if (next.type !== field.type)
      throw refuse(`Field ${field.name} has changed type from ${field.type} to ${next.type}`);
  }
  const added = fields.slice(table.fields.length);
  const required = added.find((field) => field.mode === 'REQUIRED');
  if (required) throw refuse(`Cannot add required fields to an existing schema. (field: ${required.name})`);
  return added;
}
