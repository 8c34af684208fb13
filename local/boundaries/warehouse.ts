export interface TableField {
  name: string;
  type: string;
  mode?: string;
  fields?: TableField[];
}

export interface TableReference {
  projectId: string;
  datasetId: string;
  tableId: string;
}

/** BigQuery, as Dataflow, Pub/Sub's BigQuery subscriptions and model monitoring use it. */
export interface Warehouse {
  createDataset(dataset: {
    projectId: string;
    datasetId: string;
    location: string;
    kmsKeyName?: string;
    labels?: Record<string, string>;
  }): Promise<void>;
  /** The table's columns. A missing table throws a NOT_FOUND `StatusError`. */
  schema(table: TableReference): Promise<TableField[]>;
  createTable(table: TableReference, fields: TableField[]): Promise<void>;
  /**
   * Appends rows atomically and answers how many. Values are JSON values as a load job would take. The table
   * must exist, unless `createWith` gives the columns to create it with, in the same transaction.
   */
  append(
    table: TableReference,
    rows: Iterable<Record<string, unknown>> | AsyncIterable<Record<string, unknown>>,
    options?: { createWith?: TableField[] },
  ): Promise<number>;
  /** Runs one GoogleSQL statement as a query job would, and answers rows by column name. */
  query(project: string, sql: string): Promise<Record<string, unknown>[]>;
}

/** The part of the warehouse that rows are written to. */
export type TableWriter = Pick<Warehouse, 'schema' | 'append'>;
