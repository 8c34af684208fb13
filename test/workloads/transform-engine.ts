import { readFileSync } from 'node:fs';
import { runInContext } from 'node:vm';
import { createNashornContext } from '../../local/dataflow/nashorn-context.ts';

export const CENSUS = new URL('../../workloads/census/', import.meta.url);
export const COMPILED = new URL('transform/transform.js', CENSUS);

/** A committed function as the Dataflow template would load it. */
export function loadUdf(file = COMPILED): (line: string) => string | null {
  const context = createNashornContext();
  runInContext(readFileSync(file, 'utf8'), context, { filename: file.pathname });
  return runInContext('transform', context);
}
