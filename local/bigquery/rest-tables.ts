import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { TableReference } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import type { AccessOf } from './access.ts';
import type { TableRecord } from './catalog.ts';
import type { BigQueryEngine } from './engine.ts';
import { storedRow } from './json-values.ts';
import { EncryptionSchema, FieldSchema, TableReferenceSchema } from './load.ts';
import { RowsQuery } from './pages.ts';
import { BASE, parse } from './requests.ts';
import { tableResource } from './resources.ts';

const TABLES = `${BASE}/datasets/:datasetId/tables`;
const DatasetPath = z.object({ projectId: z.string(), datasetId: z.string() });

const TableBody = z.looseObject({
  schema: z.object({ fields: z.array(FieldSchema) }).optional(),
  view: z.looseObject({ query: z.string() }).optional(),
  encryptionConfiguration: EncryptionSchema.optional(),
  labels: z.record(z.string(), z.string()).optional(),
  description: z.string().optional(),
  friendlyName: z.string().optional(),
  timePartitioning: z.looseObject({ type: z.string(), field: z.string().optional() }).optional(),
  expirationTime: z.coerce.number().optional(),
});

const InsertAllBody = z.looseObject({
  rows: z.array(z.looseObject({ insertId: z.string().optional(), json: z.record(z.string(), z.unknown()) })),
  ignoreUnknownValues: z.boolean().default(false),
  skipInvalidRows: z.boolean().default(false),
});

/** The settings of a table resource, by the catalogue's names. */
function settingsOf(body: z.infer<typeof TableBody>) {
  const { labels, description, friendlyName, timePartitioning, expirationTime } = body;
  const given = {
    labels,
    description,
    friendlyName,
    timePartitioning,
    expirationTime,
    kmsKeyName: body.encryptionConfiguration?.kmsKeyName,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as typeof given;
}

export function registerTables(app: FastifyInstance, engine: BigQueryEngine, accessOf: AccessOf): void {
  const resource = async (table: TableRecord): Promise<object> => {
    const { location } = engine.catalog.dataset(table.reference.projectId, table.reference.datasetId);
    const isView = table.viewQuery !== undefined;
    return tableResource(table, location, isView ? undefined : await engine.countRows(table.reference));
  };

  app.post(TABLES, async (request) => {
    const { projectId, datasetId } = parse(DatasetPath, request.params);
    accessOf(request).onDataset('bigquery.tables.create', { projectId, datasetId });
    const Named = TableBody.extend({ tableReference: z.object({ tableId: z.string() }) });
    const body = parse(Named, request.body);
    const reference = { projectId, datasetId, tableId: body.tableReference.tableId };
    return resource(
      body.view
        ? await engine.createView(reference, body.view.query, settingsOf(body))
        : await engine.tables.createTable(reference, body.schema?.fields ?? [], settingsOf(body)),
    );
  });

  app.get(TABLES, async (request) => {
    const { projectId, datasetId } = parse(DatasetPath, request.params);
    accessOf(request).onDataset('bigquery.tables.list', { projectId, datasetId });
    const { location } = engine.catalog.dataset(projectId, datasetId);
    const tables = engine.catalog.tables(projectId, datasetId).map((table) => tableResource(table, location));
    return { kind: 'bigquery#tableList', totalItems: tables.length, ...(tables.length > 0 && { tables }) };
  });

  app.get(`${TABLES}/:tableId`, async (request) => {
    const reference = parse(TableReferenceSchema, request.params);
    accessOf(request).onTable('bigquery.tables.get', reference);
    return resource(engine.catalog.table(reference));
  });

  app.route({
    method: ['PATCH', 'PUT'],
    url: `${TABLES}/:tableId`,
    handler: async (request) => {
      const reference = parse(TableReferenceSchema, request.params);
      accessOf(request).onTable('bigquery.tables.update', reference);
      const body = parse(TableBody, request.body);
      const fields = body.schema?.fields;
      const changes = { ...settingsOf(body), ...(fields && { fields }) };
      return resource(await engine.tables.patchTable(reference, changes));
    },
  });

  app.delete(`${TABLES}/:tableId`, async (request, reply) => {
    const reference = parse(TableReferenceSchema, request.params);
    accessOf(request).onTable('bigquery.tables.delete', reference);
    await engine.tables.deleteTable(reference);
    return reply.code(204).send();
  });

  app.get(`${TABLES}/:tableId/data`, async (request) => {
    const reference = parse(TableReferenceSchema, request.params);
    accessOf(request).onTable('bigquery.tables.getData', reference);
    const { totalRows, ...page } = await engine.readTable(reference, parse(RowsQuery, request.query));
    return { kind: 'bigquery#tableDataList', totalRows: String(totalRows), ...page };
  });

  app.post(`${TABLES}/:tableId/insertAll`, async (request) => {
    const reference = parse(TableReferenceSchema, request.params);
    accessOf(request).onTable('bigquery.tables.updateData', reference);
    const insertErrors = await insertAll(engine, reference, parse(InsertAllBody, request.body));
    return { kind: 'bigquery#tableDataInsertAllResponse', ...(insertErrors.length > 0 && { insertErrors }) };
  });
}

/** Streams rows in: bad rows are reported each by its index, and stop the good ones unless they are to be skipped. */
async function insertAll(
  engine: BigQueryEngine,
  reference: TableReference,
  body: z.infer<typeof InsertAllBody>,
) {
  const { fields } = engine.catalog.table(reference);
  const failures = new Map<number, { reason: string; message: string; location: string }>();
  for (const [index, { json }] of body.rows.entries()) {
    try {
      storedRow(json, fields, body.ignoreUnknownValues ? 'ignore' : 'refuse');
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      failures.set(index, { reason: 'invalid', message: error.message, location: '' });
    }
  }
  const stopped = { reason: 'stopped', message: '', location: '' };
  const insertErrors = body.rows.flatMap((_, index) => {
    const failure = failures.get(index) ?? (failures.size > 0 && !body.skipInvalidRows ? stopped : undefined);
    return failure ? [{ index, errors: [failure] }] : [];
  });
  const good = body.rows.filter((_, index) => insertErrors.every((error) => error.index !== index));
  const known = new Set(fields.map(({ name }) => name.toLowerCase()));
  const rows = good.map(({ json }) =>
    Object.fromEntries(Object.entries(json).filter(([name]) => known.has(name.toLowerCase()))),
  );
  if (rows.length > 0) await engine.append(reference, rows);
  return insertErrors;
}
