import type { TableField, TableReference } from '../boundaries.ts';

/** What a statement did. */
export interface Outcome {
  statementType: string;
  fields: TableField[];
  /** The DuckDB relation that holds a query's rows. */
  result?: string;
  rowCount: number;
  dmlAffectedRows?: number;
  ddlTarget?: TableReference;
  referenced: TableReference[];
}

/** What one kind of statement says of its outcome; the rest is the same for all. */
export type Performed = Partial<Outcome> & { statementType: string };
