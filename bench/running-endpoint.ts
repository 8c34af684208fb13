import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { chooseEnvironment } from '../ops/environments/environment.ts';
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
    const report = await reportOf(child);
    const { variables } = chooseEnvironment({ config: join(state, 'environments', 'local') });
    const environment = Object.entries(variables).filter((entry): entry is [string, string] => !!entry[1]);
    return { report, environment: Object.fromEntries(environment), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** One JSON document on stdout, printed when the run has ended. */
async function reportOf(child: ChildProcess): Promise<Report> {
  const said: string[] = [];
  createInterface({ input: child.stderr! }).on('line', (line) => said.push(line));
  const printed = Promise.withResolvers<string>();
  let output = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
    if (output.endsWith('\n}\n')) printed.resolve(output);
  });
  child.once('exit', (code) =>
    printed.reject(new Error(`npm start ended with ${code}:\n${said.join('\n')}`)),
  );
  const report = JSON.parse(await printed.promise) as Report;
  if (report.state !== 'monitored') throw new Error(`the run ended ${report.state}:\n${said.join('\n')}`);
  return report;
}
