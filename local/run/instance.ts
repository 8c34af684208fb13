import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LocalProcess, LogSink, ProcessHost } from '../boundaries.ts';
import { freePorts } from '../ports.ts';
import { logEntryOf } from './log-lines.ts';
import { type FunctionDeclaration, type InterceptRequest, serviceName } from './types.ts';

/** What production starts: the command of the functions-framework that the function's source depends on. */
const FRAMEWORK = 'node_modules/.bin/functions-framework';
/** As long as Cloud Run's default startup probe waits for the port. */
const STARTUP_TIMEOUT_MS = 240_000;
const PROBE_INTERVAL_MS = 10;
/** Cloud Run gives an instance so long between SIGTERM and SIGKILL. */
const SHUTDOWN_GRACE_MS = 10_000;

export interface InstanceHost {
  processes: ProcessHost;
  logs: LogSink;
  /** Sees every request that an instance handles, before it does and when it has. */
  interceptRequest?: InterceptRequest;
}

/** One process of a function, from its start until it has ended. */
export class Instance {
  readonly port: number;
  /** Ends when the process has. */
  readonly exited: LocalProcess['exited'];
  readonly processId: string;
  readonly pid: number;
  /** Requests that it is handling. */
  active = 0;
  /** Milliseconds from its start until it listened. */
  readonly listeningMs: number;
  readonly #startedAt: number;
  #answered = false;
  readonly #process: LocalProcess;

  private constructor(port: number, process: LocalProcess, startedAt: number) {
    this.port = port;
    this.#startedAt = startedAt;
    this.listeningMs = performance.now() - startedAt;
    this.#process = process;
    this.exited = process.exited;
    this.processId = process.id;
    this.pid = process.pid;
  }

  /**
   * Starts a process and waits until it listens.
   *
   * @throws Error when the process ends before that, or is too slow
   */
  static async start(
    declaration: FunctionDeclaration,
    revision: string,
    host: InstanceHost,
  ): Promise<Instance> {
    const { name, entryPoint, sourceDir, serviceAccount, project, env } = declaration;
    const [port] = await freePorts(1);
    const instance = randomBytes(16).toString('hex');
    const startedAt = performance.now();
    const process = await host.processes.start({
      label: `function ${name}`,
      command: 'node',
      args: [join(sourceDir, FRAMEWORK), `--target=${entryPoint}`],
      cwd: sourceDir,
      serviceAccount,
      project,
      env: {
        ...env,
        PORT: String(port),
        FUNCTION_TARGET: entryPoint,
        FUNCTION_SIGNATURE_TYPE: 'http',
        K_SERVICE: name,
        K_CONFIGURATION: name,
        K_REVISION: revision,
        NODE_ENV: 'production',
      },
      onLine: (line, stream) =>
        host.logs.write(logEntryOf(line, stream, { declaration, revision, instance })),
    });
    try {
      await untilListening(port, process);
    } catch (error) {
      await process.stop(0);
      const cause = error instanceof Error ? error.message : String(error);
      throw new Error(`${serviceName(declaration)} can't start an instance: ${cause}. Its log says why.`);
    }
    return new Instance(port, process, startedAt);
  }

  /** Milliseconds from its start until now, when it has answered for the first time; `undefined` later. */
  firstAnswer(): number | undefined {
    if (this.#answered) return undefined;
    this.#answered = true;
    return performance.now() - this.#startedAt;
  }

  stop(): Promise<void> {
    return this.#process.stop(SHUTDOWN_GRACE_MS);
  }
}

async function untilListening(port: number, { exited }: LocalProcess): Promise<void> {
  let ended: Awaited<LocalProcess['exited']> | undefined;
  exited.then((outcome) => {
    ended = outcome;
  });
  const deadline = Date.now() + STARTUP_TIMEOUT_MS;
  while (!(await accepts(port))) {
    if (ended) {
      throw new Error(
        `it ended with ${ended.signal ?? `exit code ${ended.code}`} before it listened on PORT=${port}`,
      );
    }
    if (Date.now() > deadline) {
      throw new Error(`it doesn't listen on PORT=${port} after ${STARTUP_TIMEOUT_MS / 1000} s`);
    }
    await delay(PROBE_INTERVAL_MS);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (accepted: boolean) => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}
