import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import { Code, StatusError } from '../status.ts';
import { newId } from './names.ts';
import { ResourceStore } from './resource-store.ts';
import { durationMs, now } from './values.ts';

const CANCELLED = 1;
const API = 'google.cloud.aiplatform.v1.';
export const EMPTY = 'google.protobuf.Empty';

/** A message for an `Any` field: its type and its fields, which the server packs. */
type Packed = { '@type': string; [field: string]: unknown };

export interface Operation {
  name: string;
  done: boolean;
  metadata: Packed;
  response?: Packed;
  error?: { code: number; message: string };
}

export interface Work {
  /** The resource that the operation works on, or the location in which it creates one. */
  on: string;
  /** The messages of `Operation.metadata` and `Operation.response`, by their names in the Vertex AI package. */
  metadata: string;
  response: string;
  run: (signal: AbortSignal) => Promise<object>;
}

/** Long-running operations, kept across restarts. One that a stop interrupts ends with ABORTED at the next start. */
export class Operations {
  readonly #store: ResourceStore<Operation>;
  #closed = false;
  readonly #running = new Map<string, { ended: Promise<void>; abort: AbortController; on: string }>();

  constructor(stateDir: string) {
    this.#store = new ResourceStore(stateDir, 'operations');
    for (const operation of this.#store.all().filter((each) => !each.done)) {
      this.#end(operation.name, {
        error: { code: Code.ABORTED, message: 'The operation was interrupted when the local cloud stopped.' },
      });
    }
  }

  /** Starts the work and answers its operation, not yet done. */
  start(work: Work): Operation {
    const name = `${work.on}/operations/${newId()}`;
    const time = now();
    const operation = this.#store.put({
      name,
      done: false,
      metadata: { '@type': typeUrl(work.metadata), genericMetadata: { createTime: time, updateTime: time } },
    });
    const abort = new AbortController();
    const ended = work.run(abort.signal).then(
      (response) => this.#end(name, { response: { ...response, '@type': typeUrl(work.response) } }),
      (error: unknown) => this.#end(name, { error: abort.signal.aborted ? cancelled() : statusOf(error) }),
    );
    this.#running.set(name, { ended, abort, on: work.on });
    ended.finally(() => this.#running.delete(name));
    return operation;
  }

  get(name: string): Operation {
    const operation = this.#store.find(name);
    if (!operation) throw new StatusError('NOT_FOUND', `The operation "${name}" does not exist.`);
    return operation;
  }

  list(parent: string, filter: string): Operation[] {
    if (filter) {
      throw new StatusError('UNIMPLEMENTED', 'Filters of operations are not implemented by the local cloud.');
    }
    return this.#store.under(parent.replace(/\/operations$/, ''));
  }

  /** The operations now at work on a resource. */
  runningOn(resource: string): string[] {
    return [...this.#running].filter(([, work]) => work.on === resource).map(([name]) => name);
  }

  /** Answers the operation once it is done, or as it stands when the timeout ends. */
  async wait(name: string, timeout: google.protobuf.IDuration | null | undefined): Promise<Operation> {
    const operation = this.get(name);
    const work = this.#running.get(name);
    if (!work) return operation;
    const waited = new AbortController();
    await Promise.race([work.ended, elapsed(durationMs(timeout) ?? 30_000, waited.signal)]);
    waited.abort();
    return this.get(name);
  }

  /** Asks the work to stop; where it heeds that, the operation ends with CANCELLED. */
  cancel(name: string): void {
    this.get(name);
    this.#running.get(name)?.abort.abort();
  }

  /** Forgets an operation that has ended. */
  delete(name: string): void {
    if (!this.get(name).done) {
      throw new StatusError(
        'FAILED_PRECONDITION',
        `The operation "${name}" is still running; cancel it first.`,
      );
    }
    this.#store.delete(name);
  }

  /** Stops all work. What it was at stays unfinished, and so ends with ABORTED at the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    const running = [...this.#running.values()];
    for (const { abort } of running) abort.abort();
    await Promise.all(running.map(({ ended }) => ended));
  }

  #end(name: string, outcome: Pick<Operation, 'response' | 'error'>): void {
    if (this.#closed) return;
    const operation = this.#store.get(name);
    const genericMetadata = { ...(operation.metadata.genericMetadata as object), updateTime: now() };
    this.#store.put({
      ...operation,
      done: true,
      metadata: { ...operation.metadata, genericMetadata },
      ...outcome,
    });
  }
}

function typeUrl(message: string): string {
  return `type.googleapis.com/${message.includes('.') ? message : API + message}`;
}

function cancelled(): Operation['error'] {
  return { code: CANCELLED, message: 'The operation was cancelled.' };
}

/** What an operation or a job ends with that failed. */
export function statusOf(error: unknown): { code: number; message: string } {
  if (error instanceof StatusError) return { code: error.grpcCode, message: error.message };
  return { code: Code.INTERNAL, message: error instanceof Error ? error.message : String(error) };
}

function elapsed(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
}
