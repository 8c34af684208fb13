import type { TableField, TableReference } from '../boundaries.ts';
import { type Catalog, tableKey } from './catalog.ts';
import { type Database, type DuckDBConnection, quoteName, RESULTS } from './duckdb.ts';
import { duplicate, invalidQuery, queryError, unsupported } from './errors.ts';
import type { Exporter } from './export.ts';
import type { Node } from './lexer.ts';
import { type QueryContext, StatementNames } from './names.ts';
import { translateQuery } from './query.ts';
import { type Options, parseStatement, type Statement } from './statements.ts';
import type { Tables } from './tables.ts';
import { duckdbType, fieldOf } from './types.ts';

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

/** A translated query whose columns have BigQuery's names and types. */
export interface PlannedQuery {
  sql: string;
  fields: TableField[];
}

let resultCount = 0;

/** Runs GoogleSQL statements. */
export class StatementRunner {
  readonly #database: Database;
  readonly #catalog: Catalog;
  readonly #tables: Tables;
  readonly #exporter: Exporter;

  constructor(parts: { database: Database; catalog: Catalog; tables: Tables; exporter: Exporter }) {
    this.#database = parts.database;
    this.#catalog = parts.catalog;
    this.#tables = parts.tables;
    this.#exporter = parts.exporter;
  }

  /**
   * Runs one statement.
   *
   * @param dryRun plans the statement, with all its errors, and changes nothing
   * @throws `invalidQuery`, `notFound` or `duplicate`, worded as BigQuery words them
   */
  async run(sql: string, context: QueryContext, dryRun = false): Promise<Outcome> {
    try {
      const statement = parseStatement(sql);
      const names = new StatementNames(this.#catalog, context);
      const outcome = await this.#run(statement, names, dryRun);
      return { rowCount: 0, fields: [], ...outcome, referenced: names.referenced };
    } catch (error) {
      throw queryError(error);
    }
  }

  #run(
    statement: Statement,
    names: StatementNames,
    dryRun: boolean,
  ): Promise<Partial<Outcome> & { statementType: string }> {
    switch (statement.kind) {
      case 'query':
        return this.#select(statement.query, names, dryRun);
      case 'createSchema':
        return this.#createSchema(statement, names, dryRun);
      case 'createTable':
        return this.#createTable(statement, names, dryRun);
      case 'createView':
        return this.#createView(statement, names, dryRun);
      case 'drop':
        return this.#drop(statement, names, dryRun);
      case 'modify':
        return this.#modify(statement, names, dryRun);
      case 'export':
        return this.#export(statement, names, dryRun);
    }
  }

  async #select(query: Node[], names: StatementNames, dryRun: boolean) {
    return this.#database.read(async (connection) => {
      const { sql, fields } = await planQuery(connection, query, names);
      if (dryRun) return { statementType: 'SELECT', fields };
      const result = `${RESULTS}.${quoteName(`result_${++resultCount}`)}`;
      const created = await connection.runAndReadAll(`CREATE TABLE ${result} AS ${sql}`);
      return { statementType: 'SELECT', fields, result, rowCount: Number(created.getRowsJson()[0][0]) };
    });
  }

  async #createSchema(
    statement: Extract<Statement, { kind: 'createSchema' }>,
    names: StatementNames,
    dryRun: boolean,
  ) {
    const { projectId, datasetId } = names.dataset(statement.path);
    names.access.onProject('bigquery.datasets.create', projectId);
    if (statement.orReplace) throw unsupported('CREATE OR REPLACE SCHEMA');
    const exists = this.#catalog.findDataset(projectId, datasetId) !== undefined;
    if (exists && !statement.ifNotExists) throw duplicate(`Dataset ${projectId}:${datasetId}`);
    const options = readOptions(statement.options, [
      'location',
      'default_kms_key_name',
      'labels',
      'description',
      'friendly_name',
    ]);
    if (!exists && !dryRun) {
      const { kmsKeyName, ...settings } = options;
      await this.#tables.createDataset({
        projectId,
        datasetId,
        location: options.location ?? names.location ?? 'US',
        ...settings,
        ...(kmsKeyName && { kmsKeyName }),
      });
    }
    return { statementType: 'CREATE_SCHEMA' };
  }

  async #createTable(
    statement: Extract<Statement, { kind: 'createTable' }>,
    names: StatementNames,
    dryRun: boolean,
  ) {
    const reference = names.table(statement.path);
    names.access.onNewTable(reference);
    const settings = readOptions(statement.options, [
      'kms_key_name',
      'labels',
      'description',
      'friendly_name',
    ]);
    const statementType = statement.query ? 'CREATE_TABLE_AS_SELECT' : 'CREATE_TABLE';
    if (statement.ifNotExists && this.#catalog.findTable(reference))
      return { statementType, ddlTarget: reference };
    const { location: _, ...tableSettings } = settings;
    await this.#catalog.write(async (connection, edits) => {
      const planned = statement.query && (await planQuery(connection, statement.query, names));
      const fields = statement.columns ?? planned?.fields ?? [];
      this.#catalog.dataset(reference.projectId, reference.datasetId);
      if (dryRun) return;
      await this.#tables.createWithin(connection, edits, reference, fields, {
        ...tableSettings,
        query: planned?.sql,
        disposition: statement.orReplace ? 'WRITE_TRUNCATE' : 'WRITE_EMPTY',
      });
    });
    return { statementType, ddlTarget: reference };
  }

  async #createView(
    statement: Extract<Statement, { kind: 'createView' }>,
    names: StatementNames,
    dryRun: boolean,
  ) {
    const reference = names.table(statement.path);
    names.access.onDataset('bigquery.tables.create', reference);
    const { location: _, ...settings } = readOptions(statement.options, [
      'labels',
      'description',
      'friendly_name',
    ]);
    const outcome = { statementType: 'CREATE_VIEW', ddlTarget: reference };
    if (statement.ifNotExists && this.#catalog.findTable(reference)) return outcome;
    await this.#catalog.write(async (connection, edits) => {
      const { fields } = await planQuery(connection, statement.query, names);
      if (dryRun) return;
      await this.#tables.createWithin(connection, edits, reference, fields, {
        ...settings,
        viewQuery: statement.queryText,
        disposition: statement.orReplace ? 'WRITE_TRUNCATE' : 'WRITE_EMPTY',
      });
    });
    return outcome;
  }

  async #drop(statement: Extract<Statement, { kind: 'drop' }>, names: StatementNames, dryRun: boolean) {
    const statementType = `DROP_${statement.what}`;
    if (statement.what === 'SCHEMA') {
      const { projectId, datasetId } = names.dataset(statement.path);
      names.access.onDataset('bigquery.datasets.delete', { projectId, datasetId });
      if (statement.ifExists && !this.#catalog.findDataset(projectId, datasetId)) return { statementType };
      this.#catalog.dataset(projectId, datasetId);
      if (!dryRun) await this.#tables.deleteDataset(projectId, datasetId, statement.cascade);
      return { statementType };
    }
    const reference = names.table(statement.path);
    names.access.onTable('bigquery.tables.delete', reference);
    const outcome = { statementType, ddlTarget: reference };
    if (statement.ifExists && !this.#catalog.findTable(reference)) return outcome;
    const isView = this.#catalog.table(reference).viewQuery !== undefined;
    if (isView !== (statement.what === 'VIEW')) {
      throw invalidQuery(
        `${tableKey(reference)} is a ${isView ? 'view' : 'table'}; use DROP ${isView ? 'VIEW' : 'TABLE'}.`,
      );
    }
    if (!dryRun) await this.#tables.deleteTable(reference);
    return outcome;
  }

  async #modify(statement: Extract<Statement, { kind: 'modify' }>, names: StatementNames, dryRun: boolean) {
    const { verb } = statement;
    const statementType = verb === 'TRUNCATE' ? 'TRUNCATE_TABLE' : verb;
    const dmlAffectedRows = await this.#catalog.write(async (connection) => {
      const reference = names.table(statement.path);
      names.access.onTable('bigquery.tables.updateData', reference);
      const relation = names.relation(statement.path);
      if (this.#catalog.table(reference).viewQuery !== undefined) {
        throw invalidQuery(`DML over view ${tableKey(reference)} is not supported`);
      }
      const rest = translateQuery(statement.rest, names);
      const target =
        { INSERT: `INSERT INTO ${relation}`, UPDATE: `UPDATE ${relation}` }[verb as 'INSERT'] ??
        `DELETE FROM ${relation}`;
      const prepared = await connection.prepare(`${target} ${aliasOf(statement, rest)}`);
      if (dryRun) return 0;
      return (await prepared.run()).rowsChanged;
    });
    return { statementType, dmlAffectedRows };
  }

  async #export(statement: Extract<Statement, { kind: 'export' }>, names: StatementNames, dryRun: boolean) {
    await this.#database.read(async (connection) => {
      const planned = await planQuery(connection, statement.query, names);
      const { uri, overwrite } = statement.options;
      if (typeof uri === 'string') {
        names.access.onObjects('storage.objects.create', uri);
        if (overwrite === true) names.access.onObjects('storage.objects.delete', uri);
      }
      const request = this.#exporter.readExportOptions(statement.options);
      if (!dryRun) await this.#exporter.write(connection, planned, request);
    });
    return { statementType: 'EXPORT_DATA' };
  }
}

/** In DuckDB a target's alias needs AS in DELETE; the table's own name serves where none is given. */
function aliasOf(statement: Extract<Statement, { kind: 'modify' }>, rest: string): string {
  const name = quoteName(statement.path.at(-1)!);
  if (statement.verb === 'INSERT' || statement.verb === 'TRUNCATE') return rest;
  return /^(WHERE|SET)\b/i.test(rest) ? `AS ${name} ${rest}` : rest;
}

/** Translates a query and gives its columns the names and types that BigQuery would. */
export async function planQuery(
  connection: DuckDBConnection,
  query: Node[],
  names: StatementNames,
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

interface ReadOptions {
  location?: string;
  kmsKeyName?: string;
  labels?: Record<string, string>;
  description?: string;
  friendlyName?: string;
}

/** Reads an OPTIONS list; options outside `allowed` are refused by name. */
function readOptions(options: Options, allowed: string[]): ReadOptions {
  const read: ReadOptions = {};
  for (const [name, value] of Object.entries(options)) {
    if (!allowed.includes(name)) throw unsupported(`option ${name}`);
    if (value === null) continue;
    if (name === 'labels') {
      if (!Array.isArray(value)) throw invalidQuery('labels must be an array of pairs');
      read.labels = Object.fromEntries(value.map((pair) => pair as [string, string]));
    } else if (typeof value !== 'string') {
      throw invalidQuery(`option ${name} must be a string`);
    } else if (name === 'location') read.location = value;
    else if (name === 'description') read.description = value;
    else if (name === 'friendly_name') read.friendlyName = value;
    else read.kmsKeyName = value;
  }
  return read;
}
