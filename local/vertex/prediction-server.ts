import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerRuntime, ContainerSpec, LocalProcess } from '../boundaries.ts';
import { freePorts } from '../ports.ts';
import { StatusError } from '../status.ts';
import type { ContainerLog } from './container-log.ts';

/** What a prediction server runs, once its port is known. */
export interface ServerPlan {
  container: (port: number) => ContainerSpec;
  healthRoute: string;
  predictRoute: string;
  log: ContainerLog;
}

const FIRST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 30_000;
const STEADY_MS = 30_000;
const HEALTH_INTERVAL_MS = 50;

/**
 * The process that serves a deployed model. One stands for all its replicas. When it dies it is started again,
 * after a pause that doubles while it keeps dying soon.
 */
export class PredictionServer {
  readonly #containers: ContainerRuntime;
  readonly #plan: ServerPlan;
  readonly #stopped = new AbortController();
  #ready = unsettled();
  #process: LocalProcess | undefined;
  #supervision: Promise<void> = Promise.resolve();

  constructor(containers: ContainerRuntime, plan: ServerPlan) {
    this.#containers = containers;
    this.#plan = plan;
  }

  /** Starts it once and waits until it is healthy; after that it is kept alive. Throws when it ends or the time does. */
  async start(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const deadline = AbortSignal.any([AbortSignal.timeout(timeoutMs), signal, this.#stopped.signal]);
    try {
      const process = await this.#launch(deadline);
      this.#supervision = this.#keepAlive(process);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Keeps it alive from the start, in the background: how deployments come back after a restart. */
  resume(): void {
    this.#supervision = this.#keepAlive(undefined);
  }

  /** The URL that predictions are sent to, once the server is healthy. Throws UNAVAILABLE when the time ends first. */
  async predictUrl(timeoutMs: number): Promise<string> {
    const timer = new AbortController();
    const late = sleep(timeoutMs, undefined, { signal: timer.signal }).then(() => {
      throw new StatusError(
        'UNAVAILABLE',
        `The prediction server is not healthy. Its last output:\n${this.#plan.log.tail()}`,
      );
    });
    late.catch(() => {});
    try {
      const base = await Promise.race([this.#ready.promise, late]);
      return `${base}${this.#plan.predictRoute}`;
    } finally {
      timer.abort();
    }
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#ready.reject(new StatusError('UNAVAILABLE', 'The model has been undeployed.'));
    await this.#process?.stop();
    await this.#supervision;
  }

  async #keepAlive(running: LocalProcess | undefined): Promise<void> {
    let process = running;
    let backoff = FIRST_BACKOFF_MS;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const since = Date.now();
      process ??= await this.#launch(signal).catch(() => undefined);
      if (signal.aborted) break;
      if (process) {
        await process.exited;
        process = undefined;
        this.#ready = unsettled();
      }
      if (Date.now() - since > STEADY_MS) backoff = FIRST_BACKOFF_MS;
      await sleep(backoff, undefined, { signal }).catch(() => {});
      backoff = Math.min(backoff * 2, LONGEST_BACKOFF_MS);
    }
    await process?.stop();
  }

  /** A process that has answered its health check. Throws when it doesn't get there. */
  async #launch(signal: AbortSignal): Promise<LocalProcess> {
    const [port] = await freePorts(1);
    const process = await this.#containers.start(this.#plan.container(port));
    this.#process = process;
    const base = `http://127.0.0.1:${port}`;
    let exit: { code: number | null; signal: string | null } | undefined;
    process.exited.then((ended) => {
      exit = ended;
    });
    while (!(await isHealthy(`${base}${this.#plan.healthRoute}`))) {
      if (exit)
        throw this.#failure(`exited with ${exit.signal ?? `status ${exit.code}`} before it was healthy`);
      if (signal.aborted) {
        await process.stop();
        if (this.#stopped.signal.aborted) throw this.#failure('was stopped before it was healthy');
        throw this.#failure(`didn't answer GET ${this.#plan.healthRoute} with 200 in time`);
      }
      await sleep(HEALTH_INTERVAL_MS);
    }
    this.#ready.resolve(base);
    return process;
  }

  #failure(what: string): StatusError {
    const output = this.#plan.log.tail();
    return new StatusError(
      'FAILED_PRECONDITION',
      `The model server ${what}.${output ? ` Its last output:\n${output}` : ''}`,
    );
  }
}

function unsettled(): PromiseWithResolvers<string> {
  const ready = Promise.withResolvers<string>();
  // It is rejected by a stop that nobody may be waiting for.
  ready.promise.catch(() => {});
  return ready;
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
}
