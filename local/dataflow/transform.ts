import { Worker } from 'node:worker_threads';
import { POSITION, type TransformResult, type TransformTask } from './transform-protocol.ts';

export interface TransformLimits {
  /** How long the function may take over one line, in milliseconds. */
  lineTimeoutMs: number;
  /** How long a whole job may transform, in milliseconds. */
  jobTimeoutMs: number;
  /** The worker's heap, in MiB. */
  memoryMb: number;
}

const WATCH_INTERVAL_MS = 100;

/** The threads in which functions run. One that did its task waits for the next; starting one costs 0.1 s of CPU. */
export class TransformWorkers {
  readonly #limits: TransformLimits;
  readonly #idle: Worker[] = [];

  constructor(limits: TransformLimits) {
    this.#limits = limits;
  }

  /**
   * Transforms the inputs into the spool file.
   *
   * @throws an Error that names the line when the function fails, hangs, or needs more memory than it may have;
   *   the signal's reason when it is aborted
   */
  async run(
    task: Omit<TransformTask, 'position'>,
    signal: AbortSignal,
  ): Promise<{ linesRead: number; linesDropped: number }> {
    signal.throwIfAborted();
    const worker = this.#idle.pop() ?? startWorker(this.#limits);
    try {
      worker.ref();
      const counts = await runTransform(worker, task, this.#limits, signal);
      worker.unref();
      this.#idle.push(worker);
      return counts;
    } catch (error) {
      // Whatever state the function left the thread in goes with it.
      await worker.terminate();
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((worker) => worker.terminate()));
  }
}

function startWorker({ memoryMb }: TransformLimits): Worker {
  const worker = new Worker(new URL('./transform-worker.ts', import.meta.url), {
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: 16 },
  });
  // A thread that fails while its task is called off has nobody else to tell.
  return worker.on('error', () => {});
}

async function runTransform(
  worker: Worker,
  task: Omit<TransformTask, 'position'>,
  limits: TransformLimits,
  signal: AbortSignal,
): Promise<{ linesRead: number; linesDropped: number }> {
  const position = new Int32Array(new SharedArrayBuffer(8));
  const where = () => {
    const input = task.inputs[Atomics.load(position, POSITION.input)];
    return `${input?.uri} line ${Atomics.load(position, POSITION.line)}`;
  };
  const result = Promise.withResolvers<TransformResult>();
  const listeners = {
    message: result.resolve,
    error: (error: Error) => result.reject(new Error(`${where()}: ${error.message}`)),
    exit: () => result.reject(signal.aborted ? signal.reason : new Error(`The worker ended at ${where()}`)),
  };
  for (const [event, listener] of Object.entries(listeners)) worker.on(event, listener);
  worker.postMessage({ ...task, position: position.buffer } satisfies TransformTask);
  const stop = () => void worker.terminate();
  signal.addEventListener('abort', stop);
  const hang = Promise.withResolvers<never>();
  const watch = watchProgress(position, limits, (what) => hang.reject(new Error(`${where()}: ${what}`)));
  try {
    const outcome = await Promise.race([result.promise, hang.promise]);
    if (!outcome.ok) throw new Error(outcome.reason);
    return { linesRead: outcome.linesRead, linesDropped: outcome.linesDropped };
  } finally {
    clearInterval(watch);
    signal.removeEventListener('abort', stop);
    result.promise.catch(() => undefined);
    for (const [event, listener] of Object.entries(listeners)) worker.off(event, listener);
  }
}

function watchProgress(
  position: Int32Array,
  { lineTimeoutMs, jobTimeoutMs }: TransformLimits,
  onHang: (what: string) => void,
): NodeJS.Timeout {
  const started = performance.now();
  let seen = '';
  let since = started;
  return setInterval(() => {
    const now = performance.now();
    const at = `${Atomics.load(position, POSITION.input)}:${Atomics.load(position, POSITION.line)}`;
    if (at !== seen) [seen, since] = [at, now];
    if (now - since > lineTimeoutMs) onHang(`the UDF did not return within ${lineTimeoutMs} ms`);
    else if (now - started > jobTimeoutMs) onHang(`the job did not finish within ${jobTimeoutMs} ms`);
  }, WATCH_INTERVAL_MS);
}
