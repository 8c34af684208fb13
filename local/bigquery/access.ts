import type { Authorize, Caller, TableReference } from '../boundaries.ts';
import { parseUri } from './uris.ts';

/** Whose authority a request or a job runs with; each check throws PERMISSION_DENIED for what isn't granted. */
export class CallerAccess {
  readonly #principal: string;
  readonly #authorize: Authorize;

  constructor(caller: Caller, authorize: Authorize) {
    this.#principal = caller.principal;
    this.#authorize = authorize;
  }

  onProject(permission: string, projectId: string): void {
    this.#check(permission, `bigquery.googleapis.com/projects/${projectId}`);
  }

  onDataset(permission: string, { projectId, datasetId }: { projectId: string; datasetId: string }): void {
    this.#check(permission, `bigquery.googleapis.com/projects/${projectId}/datasets/${datasetId}`);
  }

  onTable(permission: string, { projectId, datasetId, tableId }: TableReference): void {
    const dataset = `projects/${projectId}/datasets/${datasetId}`;
    this.#check(permission, `bigquery.googleapis.com/${dataset}/tables/${tableId}`);
  }

  /** Creates the table or replaces what it holds. */
  onNewTable(table: TableReference): void {
    this.onDataset('bigquery.tables.create', table);
    this.onTable('bigquery.tables.updateData', table);
  }

  /** BigQuery reads and writes objects with its caller's own rights. */
  onObjects(permission: string, uri: string): void {
    const { bucket, name } = parseUri(uri);
    this.#check(permission, `storage.googleapis.com/projects/_/buckets/${bucket}/objects/${name}`);
  }

  #check(permission: string, resource: string): void {
    this.#authorize({ principal: this.#principal, permission, resource: `//${resource}` });
  }
}

/** The access of whoever makes a request. */
export type AccessOf = (request: { caller: Caller }) => CallerAccess;

/** The access of BigQuery's own work, which nobody asked for over the API. */
export const UNCHECKED = new CallerAccess({ principal: '', project: '' }, () => {});
