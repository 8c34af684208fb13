import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Lint, LocalProcess, ProcessHost, ProcessSpec } from '../boundaries.ts';
import { LintFile } from './lint-file.ts';
import { residentBytes } from './resident-memory.ts';

/**
 * For every Node process. With OpenSSL's trust (SSL_CERT_FILE) it trusts the local authority alone, and is spared the
 * reading of a hundred others at its first connection.
 */
const NODE_OPTIONS = [
  '--use-openssl-ca',
  ...['silent-field-lint.mjs', '../network/kept-connections.mjs'].map(
    (preload) => `--import=${new URL(preload, import.meta.url).href}`,
  ),
];
const CLOSE_GRACE_MS = 2000;
const DEFAULT_GRACE_MS = 10_000;
const OUTPUT_GRACE_MS = 500;

/** What the machine gives a process; nothing else of the shell's environment reaches it. */
const INHERITED = ['LANG', 'TMPDIR', 'PYENV_ROOT', 'VIRTUAL_ENV'];

export interface ProcessHostOptions {
  /** The folder of the local cloud's state; the compile cache and the processes' lints are kept there. */
  stateDir: string;
  /** The variables that lead a process to the local cloud: `LocalNetwork.environment`. */
  environment(identity: {
    serviceAccount: string;
    project: string;
    process: string;
  }): Promise<Record<string, string>>;
  /** Further variables of a process, by its name; they go before its own. */
  variables?(name: string): Record<string, string>;
  /** Told of the fields that a process's clients dropped. */
  onLint(lint: Lint): void;
}

/**
 * Runs processes, each in its own process group, and ends them. When a process ends, so does what is left of
 * its group. When this process ends by itself, by `process.exit` or by an uncaught error, all groups are
 * killed at once. When it is killed by a signal it doesn't handle, Node processes notice within a second and
 * end themselves; others are left to run.
 */
export class LocalProcessHost implements ProcessHost {
  readonly #options: ProcessHostOptions;
  readonly #running = new Map<number, LocalProcess>();
  readonly #names = new Map<string, { name: string; pid: number }>();
  readonly #lints: LintFile;
  readonly #killAll = () => {
    for (const group of this.#running.keys()) signal(group, 'SIGKILL');
  };
  #started = 0;
  #closed = false;

  constructor(options: ProcessHostOptions) {
    this.#options = options;
    this.#lints = new LintFile(join(options.stateDir, 'lints.jsonl'), (lint) => options.onLint(lint));
    process.on('exit', this.#killAll);
  }

  /** Starts a process. Throws when the command can't be run, or the host is closed. */
  async start(spec: ProcessSpec): Promise<LocalProcess> {
    const id = `process-${++this.#started}`;
    const name = `${spec.project}/${spec.label}`;
    const env = await this.#environment(spec, id, name);
    if (this.#closed) throw new Error(`${spec.label} can't start: the local cloud is shutting down.`);
    const child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    readLines(child, spec);
    const exited = this.#whenExited(child);
    const { pid } = child;
    if (pid === undefined) {
      const [error] = (await once(child, 'error')) as [Error];
      throw new Error(`${spec.label} can't start in ${spec.cwd}: ${error.message}.`, { cause: error });
    }
    const running: LocalProcess = { id, pid, exited, stop: (graceMs) => stop(pid, exited, graceMs) };
    this.#running.set(pid, running);
    this.#names.set(id, { name, pid });
    void exited.then(() => this.#names.delete(id));
    return running;
  }

  /** A running process's `<project>/<label>`; an empty text for any other. */
  nameOf(id: string): string {
    return this.#names.get(id)?.name ?? '';
  }

  /** Sends a signal to a process and all it started; one that has ended needs none. */
  signal(id: string, name: NodeJS.Signals): void {
    const running = this.#names.get(id);
    if (running) signal(running.pid, name);
  }

  residentBytes(): number {
    return residentBytes(new Set(this.#running.keys()));
  }

  /** Ends all processes, within about three seconds. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([...this.#running.values()].map((running) => running.stop(CLOSE_GRACE_MS)));
    process.off('exit', this.#killAll);
    this.#lints.close();
  }

  async #environment(spec: ProcessSpec, id: string, name: string): Promise<Record<string, string>> {
    const { serviceAccount, project, label } = spec;
    const further = this.#options.variables?.(name) ?? {};
    const inherited = INHERITED.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []));
    return {
      LANG: 'C.UTF-8',
      ...Object.fromEntries(inherited),
      // Google's instances keep UTC, so a laptop's own time zone must not make a difference.
      TZ: 'UTC',
      PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}`,
      NODE_COMPILE_CACHE: join(this.#options.stateDir, 'compile-cache'),
      BATON_LINT_FILE: this.#lints.path,
      BATON_PROCESS_LABEL: label,
      ...(await this.#options.environment({ serviceAccount, project, process: id })),
      ...further,
      ...spec.env,
      NODE_OPTIONS: [...NODE_OPTIONS, further.NODE_OPTIONS, spec.env.NODE_OPTIONS].filter(Boolean).join(' '),
    };
  }

  async #whenExited(child: ChildProcess): Promise<Awaited<LocalProcess['exited']>> {
    child.once('exit', () => {
      signal(child.pid!, 'SIGKILL');
      // A descendant that left the group may hold the output open for ever.
      setTimeout(() => closeOutput(child), OUTPUT_GRACE_MS).unref();
    });
    return new Promise((resolve) => {
      child.once('close', (code, signalName) => {
        this.#running.delete(child.pid!);
        this.#lints.read();
        resolve({ code, signal: signalName });
      });
    });
  }
}

async function stop(
  group: number,
  exited: LocalProcess['exited'],
  graceMs = DEFAULT_GRACE_MS,
): Promise<void> {
  signal(group, 'SIGTERM');
  const timer = setTimeout(() => signal(group, 'SIGKILL'), graceMs);
  await exited;
  clearTimeout(timer);
}

function signal(group: number, name: NodeJS.Signals): void {
  try {
    process.kill(-group, name);
  } catch (error) {
    // No such group; macOS says EPERM of one in which all have ended and wait to be reaped.
    if (!['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

function closeOutput(child: ChildProcess): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
}

function readLines(child: ChildProcess, spec: ProcessSpec): void {
  for (const stream of ['stdout', 'stderr'] as const) {
    const lines = createInterface({ input: child[stream] as Readable, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on('line', (line) => spec.onLine?.(line, stream));
  }
}
