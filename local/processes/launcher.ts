import { type ChildProcess, fork } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Exit, Launch, LaunchReport, Stream } from './launch-protocol.ts';

const PROGRAM = fileURLToPath(new URL('launcher-process.ts', import.meta.url));

/** A process that runs. */
export interface Launched {
  pid: number;
  /** Ends when the process has and its output is read. */
  exited: Promise<Exit>;
}

type OnLine = (line: string, stream: Stream) => void;

interface Waiting {
  started: PromiseWithResolvers<number>;
  exited: PromiseWithResolvers<Exit>;
  onLine: OnLine | undefined;
}

/**
 * Starts processes through a small one. Starting one copies the page tables of whoever starts it, and each page that
 * this one writes to afterwards costs it a fault: the services in the local cloud's own process, with hundreds of
 * megabytes, would pay more for a container than the container itself costs.
 */
export class Launcher {
  readonly #process: ChildProcess;
  readonly #launched = new Map<number, Waiting>();
  #count = 0;

  constructor() {
    this.#process = fork(PROGRAM, {
      // Away from the terminal's signals: how the processes end is the host's to say.
      detached: true,
      execArgv: [],
      // Where Node itself would keep it: stripping its types costs more than all else at its start.
      env: { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#process.on('message', (report: LaunchReport) => this.#note(report));
    this.#process.once('exit', () => this.#giveUp());
    this.#process.unref();
    this.#process.channel?.unref();
  }

  /** The launcher's own process group. */
  get group(): number | undefined {
    return this.#process.pid;
  }

  /** @throws Error with the reason why the command can't be run */
  async start(launch: Omit<Launch, 'id'>, onLine?: OnLine): Promise<Launched> {
    if (!this.#process.connected) throw new Error('the process that starts others is gone');
    const id = ++this.#count;
    const waiting = {
      started: Promise.withResolvers<number>(),
      exited: Promise.withResolvers<Exit>(),
      onLine,
    };
    this.#launched.set(id, waiting);
    // As with children of one's own: while one runs, this process doesn't end by itself.
    this.#process.channel?.ref();
    this.#process.send({ ...launch, id } satisfies Launch);
    const pid = await waiting.started.promise;
    return { pid, exited: waiting.exited.promise };
  }

  close(): void {
    if (this.#process.connected) this.#process.disconnect();
  }

  #note(report: LaunchReport): void {
    const waiting = this.#launched.get(report.id);
    if (!waiting) return;
    if ('line' in report) waiting.onLine?.(report.line, report.stream);
    else if ('started' in report) waiting.started.resolve(report.started);
    else {
      this.#launched.delete(report.id);
      if (this.#launched.size === 0) this.#process.channel?.unref();
      if ('exit' in report) waiting.exited.resolve(report.exit);
      else waiting.started.reject(new Error(report.failed));
    }
  }

  /** Whatever still runs has lost its output, and Node processes end by themselves. */
  #giveUp(): void {
    for (const { started, exited } of this.#launched.values()) {
      started.reject(new Error('the process that starts others ended'));
      exited.resolve({ code: null, signal: 'SIGKILL' });
    }
    this.#launched.clear();
  }
}
