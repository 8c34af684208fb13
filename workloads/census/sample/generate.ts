// Writes a synthetic census: `node workloads/census/sample/generate.ts --seed 1 --out DIR`.
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { type CensusModel, loadCensusModel } from './model.ts';
import { randomStream } from './random.ts';
import { rowSampler } from './sampler.ts';

/** As many rows as the census tables have. */
const TRAIN_ROWS = 32561;
const EVAL_ROWS = 16278;
const LINES_PER_CHUNK = 1000;

/**
 * Generates a synthetic census file: its header, then its rows, in the form of the original tables (a space before
 * each text, nothing where a value is missing).
 *
 * @param options.seed the same seed gives the same lines on every machine
 * @param options.rows how many rows follow the header
 * @returns the lines, each without its line end
 */
export function* generateCensus({ seed, rows }: { seed: number | string; rows: number }): Generator<string> {
  const model = loadCensusModel();
  const drawRow = rowSampler(model);
  const random = randomStream(`census ${seed}`);
  const isText = textColumns(model);
  yield [...model.columns.map(({ name }) => name), model.label.name].join();
  for (let i = 0; i < rows; i++) {
    yield drawRow(random)
      .map((value, column) => (isText[column] && value !== '' ? ` ${value}` : value))
      .join();
  }
}

/**
 * Writes `train.csv` and `eval.csv`, which are drawn from one seed and share no random numbers.
 *
 * @param options.out the folder to write to; made when it is missing
 * @throws the file system's error when the folder cannot be written
 */
export async function writeCensus(options: {
  seed: number | string;
  trainRows?: number;
  evalRows?: number;
  out: string;
}): Promise<void> {
  const { seed, trainRows = TRAIN_ROWS, evalRows = EVAL_ROWS, out } = options;
  await mkdir(out, { recursive: true });
  for (const [name, rows] of [
    ['train', trainRows],
    ['eval', evalRows],
  ] as const) {
    const lines = generateCensus({ seed: `${seed} ${name}`, rows });
    await pipeline(Readable.from(chunksOf(lines)), createWriteStream(join(out, `${name}.csv`)));
  }
}

function textColumns(model: CensusModel): boolean[] {
  return [...model.columns.map(({ type }) => type === 'STRING'), true];
}

/** Many lines at a time: a stream that carried each line alone would take longer than drawing it. */
function* chunksOf(lines: Iterable<string>): Generator<string> {
  let chunk: string[] = [];
  for (const line of lines) {
    chunk.push(line, '\n');
    if (chunk.length === 2 * LINES_PER_CHUNK) {
      yield chunk.join('');
      chunk = [];
    }
  }
  yield chunk.join('');
}

function rowsOption(name: string, text: string): number {
  if (!/^[0-9]{1,9}$/.test(text)) throw new RangeError(`--${name} takes a number of rows, not "${text}"`);
  return Number(text);
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      'train-rows': { type: 'string', default: String(TRAIN_ROWS) },
      'eval-rows': { type: 'string', default: String(EVAL_ROWS) },
      out: { type: 'string' },
    },
  });
  if (!values.out) throw new RangeError('--out takes the folder to write train.csv and eval.csv to');
  await writeCensus({
    seed: values.seed,
    trainRows: rowsOption('train-rows', values['train-rows']),
    evalRows: rowsOption('eval-rows', values['eval-rows']),
    out: values.out,
  });
}
