import type { FastifyInstance } from 'fastify';
import type { RestModule } from '../boundaries.ts';
import type { BigQueryEngine } from './engine.ts';
import { registerDatasets } from './rest-datasets.ts';
import { registerJobs } from './rest-jobs.ts';
import { registerTables } from './rest-tables.ts';

/** BigQuery's REST API, version 2. */
export function bigqueryRest(engine: BigQueryEngine): RestModule {
  return {
    hosts: ['bigquery.googleapis.com'],
    register: (app: FastifyInstance) => {
      registerDatasets(app, engine);
      registerTables(app, engine);
      registerJobs(app, engine);
    },
  };
}
