import type { Authorize, ObjectStore, TableReference, TableWriter, Warehouse } from '../boundaries.ts';

/** Cloud Storage with the rights of one principal, as far as a pipeline's workers use it. */
export function objectsAs(principal: string, objects: ObjectStore, authorize: Authorize): ObjectStore {
  const check = (verb: string, bucket: string, name?: string) => {
    const inBucket = name === undefined ? '' : `/objects/${name}`;
    const resource = `//storage.googleapis.com/projects/_/buckets/${bucket}${inBucket}`;
    authorize({ principal, permission: `storage.objects.${verb}`, resource });
  };
  return {
    createBucket: () => {
      throw new Error('pipelines make no buckets');
    },
    hasBucket: (bucket) => objects.hasBucket(bucket),
    onChange: () => {
      throw new Error('pipelines hear of no changes');
    },
    stat(bucket, name) {
      check('get', bucket, name);
      return objects.stat(bucket, name);
    },
    list(bucket, prefix) {
      check('list', bucket);
      return objects.list(bucket, prefix);
    },
    path(bucket, name) {
      check('get', bucket, name);
      return objects.path(bucket, name);
    },
    read(bucket, name) {
      check('get', bucket, name);
      return objects.read(bucket, name);
    },
    async write(bucket, name, content, options) {
      check('create', bucket, name);
      return objects.write(bucket, name, content, options);
    },
    delete(bucket, name) {
      check('delete', bucket, name);
      objects.delete(bucket, name);
    },
  };
}

/** Tables with the rights of one principal, which appends by streams and not by jobs. */
export function tablesAs(principal: string, tables: TableWriter, authorize: Authorize): TableWriter {
  const check = (permission: string, { projectId, datasetId, tableId }: TableReference) => {
    const name = `projects/${projectId}/datasets/${datasetId}/tables/${tableId}`;
    authorize({ principal, permission, resource: `//bigquery.googleapis.com/${name}` });
  };
  return {
    async schema(table) {
      check('bigquery.tables.get', table);
      return tables.schema(table);
    },
    async append(table, rows, options) {
      check('bigquery.tables.updateData', table);
      return tables.append(table, rows, options);
    },
  };
}

/** BigQuery with the rights of one principal, whose load jobs run in `project`. */
export function warehouseAs(
  { principal, project }: { principal: string; project: string },
  warehouse: Warehouse,
  authorize: Authorize,
): Warehouse {
  const onProject = (permission: string) =>
    authorize({ principal, permission, resource: `//bigquery.googleapis.com/projects/${project}` });
  const onDataset = (permission: string, table: TableReference, name = '') => {
    const dataset = `projects/${table.projectId}/datasets/${table.datasetId}`;
    authorize({ principal, permission, resource: `//bigquery.googleapis.com/${dataset}${name}` });
  };
  const onTable = (permission: string, table: TableReference) =>
    onDataset(permission, table, `/tables/${table.tableId}`);
  return {
    createDataset: () => Promise.reject(new Error('pipelines make no datasets')),
    query: () => Promise.reject(new Error('pipelines run no queries')),
    async schema(table) {
      onTable('bigquery.tables.get', table);
      return warehouse.schema(table);
    },
    async createTable(table, fields) {
      onDataset('bigquery.tables.create', table);
      return warehouse.createTable(table, fields);
    },
    async append(table, rows, options) {
      onProject('bigquery.jobs.create');
      if (options?.createWith) onDataset('bigquery.tables.create', table);
      onTable('bigquery.tables.updateData', table);
      return warehouse.append(table, rows, options);
    },
  };
}
