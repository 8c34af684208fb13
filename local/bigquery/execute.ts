import { type Catalog, tableKey } from './catalog.ts';
import { DefinitionStatements } from './definition-statements.ts';
import { type Database, quoteName, RESULTS } from './duckdb.ts';
import { invalidQuery, queryError } from './errors.ts';
import type { Exporter } from './export.ts';
import type { Node } from './lexer.ts';
import { type QueryContext, StatementNames } from './names.ts';
import type { Outcome, Performed } from './outcome.ts';
import { planQuery } from './planned-query.ts';
import { translateQuery } from './query.ts';
import { parseStatement, type Statement, type StatementOf } from './statements.ts';
import type { Tables } from './tables.ts';

let resultCount = 0;

/** Runs GoogleSQL statements. */
export class StatementRunner {
  readonly #database: Database;
  readonly #catalog: Catalog;
  readonly #exporter: Exporter;
  readonly #definitions: DefinitionStatements;

  constructor(parts: { database: Database; catalog: Catalog; tables: Tables; exporter: Exporter }) {
    this.#database = parts.database;
    this.#catalog = parts.catalog;
    this.#exporter = parts.exporter;
    this.#definitions = new DefinitionStatements(parts.catalog, parts.tables);
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

  #run(statement: Statement, names: StatementNames, dryRun: boolean): Promise<Performed> {
    switch (statement.kind) {
      case 'query':
        return this.#select(statement.query, names, dryRun);
      case 'createSchema':
        return this.#definitions.createSchema(statement, names, dryRun);
      case 'createTable':
        return this.#definitions.createTable(statement, names, dryRun);
      case 'createView':
        return this.#definitions.createView(statement, names, dryRun);
      case 'drop':
        return this.#definitions.drop(statement, names, dryRun);
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

  async #modify(statement: StatementOf<'modify'>, names: StatementNames, dryRun: boolean) {
    const { verb } = statement;
    const statementType = verb === 'TRUNCATE' ? 'TRUNCATE_TABLE' : verb;
    const dmlAffectedRows = await this.#catalog.write(async (connection) => {
      const reference = names.table(statement.path);
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

  async #export(statement: StatementOf<'export'>, names: StatementNames, dryRun: boolean) {
    await this.#database.read(async (connection) => {
      const planned = await planQuery(connection, statement.query, names);
      const request = this.#exporter.readExportOptions(statement.options);
      if (!dryRun) await this.#exporter.write(connection, planned, request);
    });
    return { statementType: 'EXPORT_DATA' };
  }
}

/** In DuckDB a target's alias needs AS in DELETE; the table's own name serves where none is given. */
function aliasOf(statement: StatementOf<'modify'>, rest: string): string {
  const name = quoteName(statement.path.at(-1)!);
  if (statement.verb === 'INSERT' || statement.verb === 'TRUNCATE') return rest;
  return /^(WHERE|SET)\b/i.test(rest) ? `AS ${name} ${rest}` : rest;
}
