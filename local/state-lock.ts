import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Keeps a second local cloud off a state folder that one is using: both would own the same objects and tables.
 *
 * @returns releases the folder
 * @throws Error naming the process that has it
 */
export function lockState(stateDir: string): () => void {
  mkdirSync(stateDir, { recursive: true });
  const file = join(stateDir, 'lock');
  const owner = ownerOf(file);
  if (owner !== undefined && isAlive(owner)) {
    throw new Error(
      `${stateDir} is in use by the local cloud of process ${owner}: stop that one, or give another folder with --state`,
    );
  }
  writeFileSync(file, String(process.pid));
  return () => rmSync(file, { force: true });
}

function ownerOf(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch {
    return false;
  }
}
