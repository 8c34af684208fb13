import { type Catalog, tableKey } from './catalog.ts';
import { duplicate, invalidQuery, unsupported } from './errors.ts';
import type { StatementNames } from './names.ts';
import { planQuery } from './planned-query.ts';
import { readOptions } from './statement-options.ts';
import type { StatementOf } from './statements.ts';
import type { Tables } from './tables.ts';

/** Runs the statements that create and drop datasets, tables and views. A dry run finds the errors alone. */
export class DefinitionStatements {
  readonly #catalog: Catalog;
  readonly #tables: Tables;

  constructor(catalog: Catalog, tables: Tables) {
    this.#catalog = catalog;
    this.#tables = tables;
  }

  async createSchema(statement: StatementOf<'createSchema'>, names: StatementNames, dryRun: boolean) {
    const { projectId, datasetId } = names.dataset(statement.path);
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

  async createTable(statement: StatementOf<'createTable'>, names: StatementNames, dryRun: boolean) {
    const reference = names.table(statement.path);
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

  async createView(statement: StatementOf<'createView'>, names: StatementNames, dryRun: boolean) {
    const reference = names.table(statement.path);
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

  async drop(statement: StatementOf<'drop'>, names: StatementNames, dryRun: boolean) {
    const statementType = `DROP_${statement.what}`;
    if (statement.what === 'SCHEMA') {
      const { projectId, datasetId } = names.dataset(statement.path);
      if (statement.ifExists && !this.#catalog.findDataset(projectId, datasetId)) return { statementType };
      this.#catalog.dataset(projectId, datasetId);
      if (!dryRun) await this.#tables.deleteDataset(projectId, datasetId, statement.cascade);
      return { statementType };
    }
    const reference = names.table(statement.path);
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
}
