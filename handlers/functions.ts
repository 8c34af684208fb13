import type { Request, Response } from '@google-cloud/functions-framework';

type HttpFunction = (request: Request, response: Response) => Promise<void>;

/**
 * A function whose module is imported on its first request, so that an instance loads its own stage, and the
 * clients of that stage only, whatever it was started from.
 */
/* @__NO_SIDE_EFFECTS__ */
function onFirstRequest(load: () => Promise<{ handle: HttpFunction }>): HttpFunction {
  return async (request, response) => (await load()).handle(request, response);
}

/**
 * Every function of Baton, exported by the name that the Pulumi program gives as entry point: the
 * functions-framework serves the export that FUNCTION_TARGET names.
 */
export const prepare = onFirstRequest(() => import('./prepare.ts'));
export const ingest = onFirstRequest(() => import('./ingest.ts'));
export const train = onFirstRequest(() => import('./train.ts'));
export const evaluate = onFirstRequest(() => import('./evaluate.ts'));
export const approve = onFirstRequest(() => import('./approve.ts'));
export const decide = onFirstRequest(() => import('./decide.ts'));
export const deploy = onFirstRequest(() => import('./deploy.ts'));
export const monitor = onFirstRequest(() => import('./monitor.ts'));
export const rollout = onFirstRequest(() => import('./rollout.ts'));
export const rollback = onFirstRequest(() => import('./rollback.ts'));
export const lineage = onFirstRequest(() => import('./lineage.ts'));
export const alert = onFirstRequest(() => import('./alert.ts'));
export const start = onFirstRequest(() => import('./start.ts'));
export const retrain = onFirstRequest(() => import('./retrain.ts'));
export const settle = onFirstRequest(() => import('./settle.ts'));
export const park = onFirstRequest(() => import('./park.ts'));
