import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ContainerStorage } from './serve-storage.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const NODE = fileURLToPath(import.meta.resolve('node/bin/node'));

export interface LogLine {
  severity: string;
  message: string;
  [detail: string]: unknown;
}

/** A container's process, started by the ENTRYPOINT of its image. */
export interface Container {
  process: ChildProcess;
  /** Each line of stdout so far; every one must be structured. */
  log: LogLine[];
  /** The exit code, or the signal's name. */
  exited: Promise<number | string>;
}

export type Role = 'train' | 'evaluate' | 'serve';

/** Starts a role with nothing in its environment but what is given and the way to the storage. */
export function startContainer(
  role: Role,
  storage: ContainerStorage,
  { args = [], env = {} }: { args?: string[]; env?: Record<string, string> },
): Container {
  const child = spawn(NODE, [`workloads/census/${role}/main.ts`, ...args], {
    cwd: ROOT,
    env: { ...storage.environment, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const log: LogLine[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => log.push(JSON.parse(line)));
  const exited = Promise.all([once(child, 'exit'), once(lines, 'close')]).then(
    ([[code, signal]]) => code ?? signal,
  );
  return { process: child, log, exited };
}

/** Runs a role to its end. */
export async function runContainer(
  role: Role,
  storage: ContainerStorage,
  options: { args: string[]; env?: Record<string, string> },
): Promise<{ code: number | string; log: LogLine[] }> {
  const container = startContainer(role, storage, options);
  return { code: await container.exited, log: container.log };
}
