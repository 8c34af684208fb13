import { dirname, join } from 'node:path';
import type { Lint, LocalProcess, ProcessHost, ProcessSpec } from '../boundaries.ts';
import { Launcher } from './launcher.ts';
import { LintFile } from './lint-file.ts';
import { signalGroup } from './process-groups.ts';
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
 * Runs processes, each in its own process group, and ends them. When a process ends, so does what is left of its
 * group; when this process ends, by itself or killed, so do all groups.
 */
export class LocalProcessHost implements ProcessHost {
  readonly #options: ProcessHostOptions;
  readonly #running = new Map<number, LocalProcess>();
  readonly #names = new Map<string, { name: string; pid: number }>();
  readonly #lints: LintFile;
  readonly #launcher = new Launcher();
  readonly #killAll = () => {
    for (const group of this.#running.keys()) signalGroup(group, 'SIGKILL');
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
    const { command, args, cwd, onLine } = spec;
    const launched = await this.#launcher.start({ command, args, cwd, env }, onLine).catch((error) => {
      throw new Error(`${spec.label} can't start in ${cwd}: ${error.message}.`, { cause: error });
    });
    const { pid } = launched;
    const exited = launched.exited.finally(() => {
      this.#running.delete(pid);
      this.#lints.read();
    });
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
    if (running) signalGroup(running.pid, name);
  }

  residentBytes(): number {
    const { group } = this.#launcher;
    return residentBytes(new Set([...this.#running.keys(), ...(group === undefined ? [] : [group])]));
  }

  /** Ends all processes, within about three seconds. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([...this.#running.values()].map((running) => running.stop(CLOSE_GRACE_MS)));
    process.off('exit', this.#killAll);
    this.#launcher.close();
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
}

async function stop(
  group: number,
  exited: LocalProcess['exited'],
  graceMs = DEFAULT_GRACE_MS,
): Promise<void> {
  signalGroup(group, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(group, 'SIGKILL'), graceMs);
  await exited;
  clearTimeout(timer);
}
