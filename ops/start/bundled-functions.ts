import { resolve } from 'node:path';
import type { Progress } from './progress.ts';

/** Bundles the functions into the state folder, and answers the stack configuration that deploys these bundles. */
export async function bundledFunctions(
  stateDir: string,
  progress: Pick<Progress, 'say'>,
): Promise<Record<string, string>> {
  // The bundler is loaded where it is wanted only.
  const { bundleFunctions, functionNames } = await import('../../bundle/functions.ts');
  const folder = resolve(stateDir, 'bundles');
  const begin = performance.now();
  await bundleFunctions(folder, await functionNames());
  progress.say(`bundled the functions in ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  return { 'baton:functionBundles': folder };
}
