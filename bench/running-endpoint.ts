import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Report } from '../ops/runs/report.ts';

const ROOT = resolve(import.meta.dirname, '..');

/** A local cloud in a process of its own, whose chain has just deployed a model. */
export interface RunningEndpoint {
  report: Report;
  /** The variables that lead Google's clients to it. */
  environment: Record<string, string>;
  close(): Promise<void>;
}

/**
 * Runs the chain as `npm start -- --keep` does, and leaves it up.
 *
 * @param data a folder with the tables; a synthetic sample where absent
 * @throws Error when the run doesn't end monitored
 */
export async function startEndpoint(data: string | undefined): Promise<RunningEndpoint> {
  const state = mkdtempSync(join(tmpdir(), 'baton-bench-'));
  const args = [
    'ops/start.ts',
    '--json',
    '--keep',
    '--state',
    state,
    ...(data ? ['--data', resolve(data)] : []),
  ];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  const close = async () => {
    if (child.exitCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    rmSync(state, { recursive: true, force: true });
  };
  try {
    return { ...(await untilUp(child)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The report comes on stdout, and after it the way there on stderr, as shell commands. */
async function untilUp(child: ChildProcess): Promise<Pick<RunningEndpoint, 'report' | 'environment'>> {
  let output = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  const environment: Record<string, string> = {};
  const said: string[] = [];
  const up = Promise.withResolvers<void>();
  createInterface({ input: child.stderr! }).on('line', (line) => {
    said.push(line);
    const [, name, value] = /^export ([^=]+)=(.*)$/.exec(line) ?? [];
    if (name) environment[name] = value;
    // The last line of the way there has no mark: it is complete once the next turn brings no more.
    if (name) setTimeout(up.resolve, 500);
  });
  child.once('exit', (code) => up.reject(new Error(`npm start ended with ${code}:\n${said.join('\n')}`)));
  await up.promise;
  const report = JSON.parse(output) as Report;
  if (report.state !== 'monitored') throw new Error(`the run ended ${report.state}:\n${said.join('\n')}`);
  return { report, environment };
}
