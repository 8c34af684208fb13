import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BigQuery } from '@google-cloud/bigquery';
import { BigQueryEngine } from '../../local/bigquery/engine.ts';
import { bigqueryRest } from '../../local/bigquery/rest.ts';
import { StorageEngine } from '../../local/storage/storage-engine.ts';
import { startServices, TEST_PROJECT } from './harness.ts';

export interface BigQueryService {
  stateDir: string;
  engine: BigQueryEngine;
  client: BigQuery;
  close(): Promise<void>;
}

/** An empty warehouse behind its REST surface, and the official client that the environment leads to it. */
export async function startBigQuery(): Promise<BigQueryService> {
  const stateDir = mkdtempSync(join(tmpdir(), 'baton-bigquery-'));
  const engine = await BigQueryEngine.open({ stateDir, objects: new StorageEngine({ stateDir }) });
  const services = await startServices({ rest: [bigqueryRest(engine)], stateDir });
  const { BigQuery } = await import('@google-cloud/bigquery');
  return {
    stateDir,
    engine,
    client: new BigQuery({ projectId: TEST_PROJECT }),
    close: async () => {
      await services.close();
      await engine.close();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}
