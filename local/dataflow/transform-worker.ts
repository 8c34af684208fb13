import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { Script } from 'node:vm';
import { parentPort } from 'node:worker_threads';
import { readLines } from './lines.ts';
import { createNashornContext } from './nashorn-context.ts';
import { POSITION, type TransformResult, type TransformTask } from './transform-protocol.ts';

/**
 * Runs a user-defined function over every line of the inputs, in a thread of its own: a function that never
 * returns or eats memory takes down this thread and nothing else.
 */
parentPort?.on('message', async (task: TransformTask) => {
  parentPort?.postMessage(await transform(task));
});

async function transform(task: TransformTask): Promise<TransformResult> {
  const position = new Int32Array(task.position);
  const spool = createWriteStream(task.spool);
  try {
    const udf = loadFunction(task);
    const counts = { linesRead: 0, linesDropped: 0 };
    for (const [index, input] of task.inputs.entries()) {
      Atomics.store(position, POSITION.input, index);
      Atomics.store(position, POSITION.line, 0);
      await transformFile(input, { udf, name: task.functionName, position }, spool, counts);
    }
    spool.end();
    await once(spool, 'finish');
    return { ok: true, ...counts };
  } catch (error) {
    // Destroying a stream that is still writing makes it fail too; the first failure is the one to tell.
    spool.on('error', () => {});
    spool.destroy();
    return { ok: false, reason: messageOf(error) };
  }
}

/** Evaluates the source with the library that the template's engine has. */
function loadFunction(task: TransformTask): (line: string) => unknown {
  const context = createNashornContext();
  try {
    new Script(task.source, { filename: task.sourceUri }).runInContext(context);
  } catch (error) {
    throw new Error(`${task.sourceUri}: ${messageOf(error)}`);
  }
  const udf: unknown = context[task.functionName];
  if (typeof udf !== 'function')
    throw new Error(`No such function ${task.functionName} in ${task.sourceUri}`);
  return (line) => udf(line);
}

async function transformFile(
  { uri, path }: TransformTask['inputs'][number],
  { udf, name, position }: { udf: (line: string) => unknown; name: string; position: Int32Array },
  spool: WriteStream,
  counts: { linesRead: number; linesDropped: number },
): Promise<void> {
  let number = 0;
  for await (const line of readLines(path, uri)) {
    Atomics.store(position, POSITION.line, ++number);
    counts.linesRead++;
    const row = transformLine(line, { udf, name }, `${uri} line ${number}`);
    if (row === undefined) counts.linesDropped++;
    else if (!spool.write(`${row}\n`)) await once(spool, 'drain');
  }
}

function transformLine(
  line: string,
  { udf, name }: { udf: (line: string) => unknown; name: string },
  where: string,
): string | undefined {
  let result: unknown;
  try {
    result = udf(line);
  } catch (error) {
    throw new Error(`${where}: ${name} threw ${messageOf(error)}`);
  }
  if (result === null || result === undefined) return undefined;
  if (typeof result === 'string') return result.replaceAll(/[\r\n]+/g, ' ');
  throw new Error(`${where}: UDF Function did not return a String. Instead got: ${typeof result}`);
}

/** Errors of the other context are no `Error` of this one. */
function messageOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { name, message } = error as { name?: unknown; message?: unknown };
  return message === undefined
    ? String(error)
    : `${String(name)}: ${String(message)}`.replace(/^Error: /, '');
}
