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

/**
 * Transforms the inputs into the spool file.
 *
 * @throws an Error that names the line when the function fails, hangs, or needs more memory than it may have;
 *   the signal's reason when it is aborted
 */
export async function runTransform(
  task: Omit<TransformTask, 'position'>,
  limits: TransformLimits,
  signal: AbortSignal,
): Promise<{ linesRead: number; linesDropped: number }> {
  signal.throwIfAborted();
  const position = new Int32Array(new SharedArrayBuffer(8));
  const where = () => {
    const input = task.inputs[Atomics.load(position, POSITION.input)];
    return `${input?.uri} line ${Atomics.load(position, POSITION.line)}`;
  };
  const worker = new Worker(new URL('./transform-worker.ts', import.meta.url), {
    workerData: { ...task, position: position.buffer } satisfies TransformTask,
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: limits.memoryMb, maxYoungGenerationSizeMb: 16 },
  });
  const result = new Promise<TransformResult>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', (error) => reject(new Error(`${where()}: ${error.message}`)));
    worker.once('exit', () =>
      reject(signal.aborted ? signal.reason : new Error(`The worker ended at ${where()}`)),
    );
  });
  const stop = () => void worker.terminate();
  signal.addEventListener('abort', stop);
  const hang = Promise.withResolvers<never>();
  const watch = watchProgress(position, limits, (what) => hang.reject(new Error(`${where()}: ${what}`)));
  try {
    const outcome = await Promise.race([result, hang.promise]);
    if (!outcome.ok) throw new Error(outcome.reason);
    return { linesRead: outcome.linesRead, linesDropped: outcome.linesDropped };
  } finally {
    clearInterval(watch);
    signal.removeEventListener('abort', stop);
    result.catch(() => undefined);
    await worker.terminate();
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
