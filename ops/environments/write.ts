import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalCloud } from '../../local/cloud.ts';
import { VARIABLES_FILE } from './environment.ts';

/**
 * Writes the environment of a running local cloud: its stacks' outputs, and the variables that lead clients to it.
 *
 * @param folder `environments/local` of the state folder
 * @returns takes the environment away again, when the cloud stops
 */
export async function writeEnvironment(cloud: LocalCloud, folder: string): Promise<() => void> {
  mkdirSync(folder, { recursive: true });
  const write = (name: string, content: unknown) =>
    writeFileSync(join(folder, name), `${JSON.stringify(content, null, 2)}\n`);
  for (const [stack, outputs] of Object.entries(cloud.outputs())) write(`${stack}.json`, outputs);
  write(VARIABLES_FILE, await cloud.variables());
  return () => rmSync(folder, { recursive: true, force: true });
}
