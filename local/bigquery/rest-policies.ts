import type { FastifyInstance } from 'fastify';
import type { AccessOf } from './access.ts';
import type { BigQueryEngine } from './engine.ts';
import { TableReferenceSchema } from './load.ts';
import { BASE, parse } from './requests.ts';

/** Tables' IAM policies, which are read here and changed by whoever declares them. */
export function registerTablePolicies(
  app: FastifyInstance,
  engine: BigQueryEngine,
  accessOf: AccessOf,
  policyOf: (table: string) => object,
): void {
  app.post(`${BASE}/datasets/:datasetId/tables/:tableId(^[^:]+)::getIamPolicy`, async (request) => {
    const reference = parse(TableReferenceSchema, request.params);
    accessOf(request).onTable('bigquery.tables.getIamPolicy', reference);
    const { projectId, datasetId, tableId } = engine.catalog.table(reference).reference;
    return policyOf(`projects/${projectId}/datasets/${datasetId}/tables/${tableId}`);
  });
}
