import type { FastifyInstance } from 'fastify';
import type { Authorize, Caller, RestModule } from '../boundaries.ts';
import { CallerAccess } from './access.ts';
import type { BigQueryEngine } from './engine.ts';
import { registerDatasets } from './rest-datasets.ts';
import { registerJobs } from './rest-jobs.ts';
import { registerTablePolicies } from './rest-policies.ts';
import { registerTables } from './rest-tables.ts';

/**
 * BigQuery's REST API, version 2. Without `authorize`, every caller may do everything.
 *
 * @param policyOf answers the IAM policy of a table by its name, `projects/P/datasets/D/tables/T`
 */
export function bigqueryRest(
  engine: BigQueryEngine,
  authorize: Authorize = () => {},
  policyOf: (table: string) => object = () => ({}),
): RestModule {
  const accessOf = ({ caller }: { caller: Caller }) => new CallerAccess(caller, authorize);
  return {
    hosts: ['bigquery.googleapis.com'],
    register: (app: FastifyInstance) => {
      registerDatasets(app, engine, accessOf);
      registerTables(app, engine, accessOf);
      registerTablePolicies(app, engine, accessOf, policyOf);
      registerJobs(app, engine, accessOf);
    },
  };
}
