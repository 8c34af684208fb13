import type { TableField } from '../boundaries.ts';
import { type DuckDBConnection, quoteName } from './duckdb.ts';
import { invalidQuery } from './errors.ts';
import type { Node } from './lexer.ts';
import { type Names, translateQuery } from './query.ts';
import { duckdbType, fieldOf } from './types.ts';

/** A translated query whose columns have BigQuery's names and types. */
export interface PlannedQuery {
  sql: string;
  fields: TableField[];
}

/** Translates a query and gives its columns the names and types that BigQuery would. */
export async function planQuery(
  connection: DuckDBConnection,
  query: Node[],
  names: Names,
): Promise<PlannedQuery> {
  const sql = translateQuery(query, names);
  const prepared = await connection.prepare(sql);
  let anonymous = 0;
  const fields = Array.from({ length: prepared.columnCount }, (_, index) => {
    const name = prepared.columnName(index);
    const named = /^[\p{L}_][\p{L}\p{M}\p{N}_-]*$/u.test(name);
    return fieldOf(named ? name : `f${anonymous++}_`, prepared.columnType(index));
  });
  prepared.destroySync();
  const seen = new Set<string>();
  for (const { name } of fields) {
    if (seen.has(name.toLowerCase())) {
      throw invalidQuery(
        `Duplicate column names in the result are not supported. Found duplicate(s): ${name}`,
      );
    }
    seen.add(name.toLowerCase());
  }
  return { sql: selectAs(`(${sql})`, fields), fields };
}

/** Selects a relation's columns, by position, as the fields' names and stored types. */
export function selectAs(relation: string, fields: TableField[], type = duckdbType): string {
  const columns = fields.map(
    (field, index) => `CAST(c${index} AS ${type(field)}) AS ${quoteName(field.name)}`,
  );
  return `SELECT ${columns.join(', ')} FROM ${relation} AS source(${fields.map((_, index) => `c${index}`).join(', ')})`;
}
