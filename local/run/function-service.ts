import { forward, GONE } from './forward.ts';
import { Instance, type InstanceHost } from './instance.ts';
import {
  type ColdStart,
  type FunctionDeclaration,
  type HttpRequest,
  type HttpResponse,
  serviceName,
  textResponse,
} from './types.ts';

/** Cloud Run lets a request wait for an instance 10 seconds, or 3.5 times as long as instances take to start. */
const LEAST_WAIT_MS = 10_000;
const WAIT_IN_STARTUPS = 3.5;

export interface ServiceOptions extends InstanceHost {
  /** How long an instance without requests is kept, in milliseconds. */
  idleMs: number;
  /** Told of each instance that has answered its first request. */
  onColdStart?: ((start: ColdStart) => void) | undefined;
}

interface Waiting {
  give(instance: Instance): void;
  fail(response: HttpResponse): void;
}

/** A function's instances: started as requests come, as many as it may have, and stopped when idle. */
export class FunctionService {
  readonly declaration: FunctionDeclaration;
  readonly #options: ServiceOptions;
  readonly #revision: string;
  readonly #instances = new Set<Instance>();
  readonly #idleTimers = new Map<Instance, NodeJS.Timeout>();
  readonly #stopping = new Set<Promise<void>>();
  readonly #starting = new Set<Promise<void>>();
  readonly #waiting: Waiting[] = [];
  #slowestStartMs = 0;
  #closed = false;

  constructor(declaration: FunctionDeclaration, options: ServiceOptions) {
    this.declaration = declaration;
    this.#options = options;
    this.#revision = `${declaration.name}-00001-loc`;
    for (let count = 0; count < declaration.minInstances; count++) this.#start();
  }

  /** `<project>/function <name>`, as its processes are named. */
  get name(): string {
    return `${this.declaration.project}/function ${this.declaration.name}`;
  }

  /** Instances that are up or coming up. */
  get instanceCount(): number {
    return this.#instances.size + this.#starting.size;
  }

  /** Requests that instances are handling. */
  get activeRequests(): number {
    return [...this.#instances].reduce((sum, { active }) => sum + active, 0);
  }

  /** Has an instance handle the request; what keeps one from doing so is answered as Cloud Run would. */
  async handle(request: HttpRequest): Promise<HttpResponse> {
    const instance = await this.#acquire();
    if (!(instance instanceof Instance)) return instance;
    const { timeoutSeconds } = this.declaration;
    const toInstance = () => forward(instance.port, request, timeoutSeconds);
    const { interceptRequest } = this.#options;
    const response = await (interceptRequest
      ? interceptRequest(instance.processId, request, toInstance)
      : toInstance());
    if (response === GONE) this.#remove(instance);
    // A process that dies closes its connections one by one: the next request must not take one that is still to go.
    else if (response.connectionBroke) this.#stop(instance);
    else this.#noteFirstAnswer(instance, response.status);
    this.#release(instance);
    return response === GONE ? this.handle(request) : response;
  }

  /** Stops all instances, and waits until they have ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#failWaiting('the local cloud is shutting down');
    await Promise.all(this.#starting);
    for (const instance of this.#instances) this.#stop(instance);
    await Promise.all(this.#stopping);
  }

  #noteFirstAnswer(instance: Instance, status: number): void {
    const answeredMs = instance.firstAnswer();
    if (answeredMs === undefined) return;
    const service = serviceName(this.declaration);
    const { pid, listeningMs } = instance;
    this.#options.onColdStart?.({ service, pid, listeningMs, answeredMs, status });
  }

  #acquire(): Promise<Instance | HttpResponse> {
    if (this.#closed) return Promise.resolve(textResponse(503, 'The local cloud is shutting down.'));
    const free = [...this.#instances].find((instance) => instance.active < this.declaration.concurrency);
    if (free) return Promise.resolve(this.#occupy(free));
    return new Promise((resolve) => {
      const patience = Math.max(LEAST_WAIT_MS, WAIT_IN_STARTUPS * this.#slowestStartMs);
      const timer = setTimeout(() => this.#giveUp(waiting), patience);
      const settle = (outcome: Instance | HttpResponse) => {
        clearTimeout(timer);
        resolve(outcome);
      };
      const waiting: Waiting = { give: settle, fail: settle };
      this.#waiting.push(waiting);
      this.#scaleUp();
    });
  }

  #giveUp(waiting: Waiting): void {
    // While an instance is coming up, the request is as good as served.
    if (this.#starting.size > 0) return;
    this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
    waiting.fail(textResponse(429, 'The request was aborted because there was no available instance.'));
  }

  #scaleUp(): void {
    const { concurrency, maxInstances } = this.declaration;
    const coming = this.#starting.size * concurrency;
    if (!this.#closed && this.#waiting.length > coming && this.instanceCount < maxInstances) this.#start();
  }

  #start(): void {
    const startedAt = Date.now();
    const starting = Instance.start(this.declaration, this.#revision, this.#options)
      .then(
        (instance) => {
          this.#slowestStartMs = Math.max(this.#slowestStartMs, Date.now() - startedAt);
          this.#instances.add(instance);
          instance.exited.then(() => this.#remove(instance));
        },
        (error: Error) => {
          if (this.instanceCount === 1) this.#failWaiting(error.message);
        },
      )
      .finally(() => {
        this.#starting.delete(starting);
        this.#assign();
      });
    this.#starting.add(starting);
  }

  /** Gives waiting requests to instances that have room, and idle instances their time. */
  #assign(): void {
    for (const instance of this.#instances) {
      while (instance.active < this.declaration.concurrency) {
        const next = this.#waiting.shift();
        if (!next) break;
        next.give(this.#occupy(instance));
      }
      if (instance.active === 0) this.#startIdling(instance);
    }
    this.#scaleUp();
  }

  #occupy(instance: Instance): Instance {
    clearTimeout(this.#idleTimers.get(instance));
    this.#idleTimers.delete(instance);
    instance.active += 1;
    return instance;
  }

  #release(instance: Instance): void {
    instance.active -= 1;
    this.#assign();
  }

  #startIdling(instance: Instance): void {
    if (this.#idleTimers.has(instance)) return;
    const stop = () => {
      this.#idleTimers.delete(instance);
      if (this.#instances.size > this.declaration.minInstances) this.#stop(instance);
    };
    this.#idleTimers.set(instance, setTimeout(stop, this.#options.idleMs));
  }

  #stop(instance: Instance): void {
    this.#remove(instance);
    const stopping = instance.stop().finally(() => this.#stopping.delete(stopping));
    this.#stopping.add(stopping);
  }

  /** Takes an instance that ends, or has ended, out of those that get requests. */
  #remove(instance: Instance): void {
    clearTimeout(this.#idleTimers.get(instance));
    this.#idleTimers.delete(instance);
    if (this.#instances.delete(instance)) this.#scaleUp();
  }

  #failWaiting(cause: string): void {
    for (const waiting of this.#waiting.splice(0))
      waiting.fail(textResponse(503, `The request failed: ${cause}`));
  }
}
