import type { Request, Response } from '@google-cloud/functions-framework';
import { http } from '@google-cloud/functions-framework';

/**
 * Every function of Baton, by the name that the Pulumi program gives as entry point. Each is imported on its
 * first request, so that an instance loads its own stage and the clients of that stage only.
 */
type HttpFunction = (request: Request, response: Response) => Promise<void>;

const functions: Record<string, () => Promise<{ handle: HttpFunction }>> = {
  prepare: () => import('./prepare.ts'),
  ingest: () => import('./ingest.ts'),
  train: () => import('./train.ts'),
  evaluate: () => import('./evaluate.ts'),
  deploy: () => import('./deploy.ts'),
  monitor: () => import('./monitor.ts'),
  alert: () => import('./alert.ts'),
  retrain: () => import('./retrain.ts'),
  settle: () => import('./settle.ts'),
  park: () => import('./park.ts'),
};

for (const [name, load] of Object.entries(functions)) {
  http(name, async (request, response) => (await load()).handle(request, response));
}
