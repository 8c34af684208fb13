import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';

const WORKLOADS = resolve(import.meta.dirname, '../../workloads');
const Config = z.record(z.string(), z.string());

/** The folder of a workload's own rows. */
export const sampleOf = (workload: string) => join(WORKLOADS, workload, 'sample');

/**
 * The stack configuration that chooses a workload: its config.json.
 *
 * @throws Error when there is no such file
 */
export function configOf(workload: string): Record<string, string> {
  const file = join(WORKLOADS, workload, 'config.json');
  if (!existsSync(file)) throw new Error(`there is no ${file}, which says how the stacks choose ${workload}`);
  return Config.parse(JSON.parse(readFileSync(file, 'utf8')));
}
