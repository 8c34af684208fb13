import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { LocalCloud } from '../../local/cloud.ts';
import { writeEnvironment } from '../../ops/environments/write.ts';

const BATON = resolve(import.meta.dirname, '../../ops/baton.mjs');

export interface Answer {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** `baton` as a user of a shell has it: a process that knows of the cloud what the environment's files say. */
export interface CommandLine {
  (...args: string[]): Promise<Answer>;
  /** With `--format json`, parsed; a failure of the command is one of the test. */
  json<Document>(...args: string[]): Promise<Document>;
  /** Starts a command, to be interrupted. */
  start(...args: string[]): { answer: Promise<Answer>; said: () => string; interrupt: () => void };
  close(): void;
}

/** @param variables of the shell: those from before anything led this process to the cloud */
export async function commandLineTo(cloud: LocalCloud, variables: NodeJS.ProcessEnv): Promise<CommandLine> {
  const folder = join(mkdtempSync(join(tmpdir(), 'baton-environment-')), 'test');
  await writeEnvironment(cloud, folder);
  const start = (...args: string[]) => run(['--config', folder, ...args], variables);
  const commandLine = async (...args: string[]) => start(...args).answer;
  return Object.assign(commandLine, {
    start,
    async json<Document>(...args: string[]): Promise<Document> {
      const { code, stdout, stderr } = await commandLine('--format', 'json', ...args);
      if (code !== 0) throw new Error(`baton ${args.join(' ')} ended with ${code}: ${stderr}`);
      return JSON.parse(stdout) as Document;
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  });
}

/** Runs `baton` without a terminal. */
export function run(args: string[], variables: NodeJS.ProcessEnv, cwd?: string) {
  const child = spawn(process.execPath, [BATON, ...args], {
    env: variables,
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const answer = once(child, 'close').then(([code]): Answer => ({ code, stdout, stderr }));
  return { answer, said: () => stderr, interrupt: () => void child.kill('SIGINT') };
}
