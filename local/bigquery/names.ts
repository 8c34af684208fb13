import type { TableReference } from '../boundaries.ts';
import { type CallerAccess, UNCHECKED } from './access.ts';
import type { Catalog, DatasetRecord } from './catalog.ts';
import { datasetKey, storedTable } from './catalog.ts';
import { quoteName, quoteText } from './duckdb.ts';
import { invalidQuery, notFound, unsupported } from './errors.ts';
import { parseNodes } from './lexer.ts';
import { parameterLiteral, type QueryParameter } from './parameters.ts';
import { type Names, translateQuery } from './query.ts';
import { googlesqlType } from './types.ts';

/** What a query job says of its statement besides the text. */
export interface QueryContext {
  project: string;
  defaultDataset?: { projectId?: string; datasetId: string };
  /** The location that the job was sent to; tables elsewhere don't exist for it. */
  location?: string;
  parameters?: QueryParameter[];
  /** Whose rights the statement runs with; the warehouse's own has no limits. */
  access?: CallerAccess;
}

const DEEPEST_VIEW = 16;

/** The meaning of a statement's tables, views and parameters. Views are expanded where they are named. */
export class StatementNames implements Names {
  readonly #catalog: Catalog;
  readonly #context: QueryContext;
  readonly #depth: number;
  #positional = 0;
  /** The tables that the statement has named, for the job's statistics and its location. */
  readonly referenced: TableReference[] = [];

  constructor(catalog: Catalog, context: QueryContext, depth = 0) {
    this.#catalog = catalog;
    this.#context = context;
    this.#depth = depth;
  }

  get access(): CallerAccess {
    return this.#context.access ?? UNCHECKED;
  }

  /** The location that the job was sent to. */
  get location(): string | undefined {
    return this.#context.location;
  }

  /** Reads `t`, `d.t` or `p.d.t`. */
  table(path: string[]): TableReference {
    const tableId = path.at(-1)!;
    if (path.length === 1) {
      const dataset = this.#context.defaultDataset;
      if (!dataset) {
        throw invalidQuery(`Table "${tableId}" must be qualified with a dataset (e.g. dataset.table).`);
      }
      return { projectId: dataset.projectId ?? this.#context.project, datasetId: dataset.datasetId, tableId };
    }
    return { ...this.dataset(path.slice(0, -1)), tableId };
  }

  /** Reads `d` or `p.d`. */
  dataset(path: string[]): { projectId: string; datasetId: string } {
    if (path.length > 2) throw invalidQuery(`Invalid name: ${path.join('.')}`);
    return { projectId: path.length === 2 ? path[0] : this.#context.project, datasetId: path.at(-1)! };
  }

  relation(path: string[]): string {
    if (path.at(-2)?.toUpperCase() === 'INFORMATION_SCHEMA') return this.#informationSchema(path);
    if (path.at(-1)!.endsWith('*')) throw unsupported('wildcard tables');
    const reference = this.table(path);
    this.access.onTable('bigquery.tables.getData', reference);
    this.#checkLocation(this.#catalog.dataset(reference.projectId, reference.datasetId), reference);
    const table = this.#catalog.table(reference);
    this.referenced.push(reference);
    if (table.viewQuery === undefined) return storedTable(reference);
    if (this.#depth >= DEEPEST_VIEW)
      throw invalidQuery(`Exceeded the maximum nesting level of views (${DEEPEST_VIEW})`);
    const { access } = this;
    const names = new StatementNames(
      this.#catalog,
      { project: reference.projectId, access },
      this.#depth + 1,
    );
    return `(${translateQuery(parseNodes(table.viewQuery), names)})`;
  }

  parameter(name: string | undefined): string {
    const parameters = this.#context.parameters ?? [];
    const found =
      name === undefined
        ? parameters[this.#positional++]
        : parameters.find((parameter) => parameter.name?.toLowerCase() === name.toLowerCase());
    if (!found) throw invalidQuery(`Query parameter ${name ? `'${name}'` : this.#positional} not found`);
    return parameterLiteral(found);
  }

  #checkLocation(dataset: DatasetRecord, table: TableReference): void {
    const { location } = this.#context;
    if (location && location.toLowerCase() !== dataset.location.toLowerCase()) {
      const key = datasetKey(table.projectId, table.datasetId);
      throw notFound(`Dataset ${key} was not found in location ${location}`);
    }
  }

  #informationSchema(path: string[]): string {
    const { projectId, datasetId } = this.dataset(path.slice(0, -2));
    this.access.onDataset('bigquery.tables.list', { projectId, datasetId });
    this.#catalog.dataset(projectId, datasetId);
    const tables = this.#catalog.tables(projectId, datasetId);
    const view = path.at(-1)!.toUpperCase();
    const name = [projectId, datasetId].map(quoteText).join(', ');
    if (view === 'TABLES') {
      const rows = tables.map(({ reference, viewQuery, creationTime }) =>
        [
          name,
          quoteText(reference.tableId),
          quoteText(viewQuery === undefined ? 'BASE TABLE' : 'VIEW'),
          `make_timestamptz(${creationTime * 1000})`,
        ].join(', '),
      );
      return values(['table_catalog', 'table_schema', 'table_name', 'table_type', 'creation_time'], rows);
    }
    if (view === 'COLUMNS') {
      const rows = tables.flatMap(({ reference, fields }) =>
        fields.map((field, index) =>
          [
            name,
            quoteText(reference.tableId),
            quoteText(field.name),
            index + 1,
            quoteText(field.mode === 'REQUIRED' ? 'NO' : 'YES'),
            quoteText(googlesqlType(field)),
          ].join(', '),
        ),
      );
      return values(
        [
          'table_catalog',
          'table_schema',
          'table_name',
          'column_name',
          'ordinal_position',
          'is_nullable',
          'data_type',
        ],
        rows,
      );
    }
    throw unsupported(`INFORMATION_SCHEMA.${view}`);
  }
}

function values(columns: string[], rows: string[]): string {
  const names = columns.map(quoteName).join(', ');
  const nothing = columns.map(() => 'NULL').join(', ');
  const body = rows.length > 0 ? rows.map((row) => `(${row})`).join(', ') : `(${nothing})`;
  return `(SELECT * FROM (VALUES ${body}) AS listing(${names})${rows.length > 0 ? '' : ' WHERE false'})`;
}
