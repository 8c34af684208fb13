import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { Metrics } from '../../events/index.ts';
import { BENCH } from '../../local/workbench.ts';
import { at, type Bench } from './bench.ts';
import { checkMarker, checkRefusal, markerOf, runJob } from './job.ts';
import type { Snapshots } from './transform.ts';

const Sample = z.object({ instance: z.record(z.string(), z.unknown()), prediction: z.json() });
export type Sample = z.infer<typeof Sample>;

/**
 * Evaluates the model, once more with its slices, and once without a model. Answers the predictions that the evaluator
 * kept.
 */
export async function checkEvaluation(bench: Bench, snapshots: Snapshots, model: string): Promise<Sample[]> {
  const { report } = bench;
  const evaluate = (name: string, model: string, further: Record<string, string> = {}) =>
    runJob(bench, 'evaluate', {
      name,
      args: { eval: snapshots.eval.uri, model, output: at(`${name}/`), marker: markerOf(name), ...further },
    });

  const end = await evaluate('evaluate', model);
  if (!report.expect('evaluate-succeeds', 'the job evaluate', end.failure)) return [];
  checkMarker(bench, 'evaluate', 'evaluate', end);
  checkMetrics(bench, snapshots.eval.rows);
  const samples = checkSamples(bench);
  const column = sliceableColumn(bench);
  const sliced = await evaluate('evaluate-slices', model, { slices: column });
  if (report.advise('evaluate-slices', `the job evaluate-slices`, sliced.failure)) checkSlices(bench, column);
  checkRefusal(bench, 'evaluate', 'evaluate-nothing', await evaluate('evaluate-nothing', at('nothing/')));
  return samples;
}

function checkMetrics(bench: Bench, rows: number): void {
  const { report } = bench;
  const place = at('evaluate/metrics.json');
  const read = readOutput(bench, 'evaluate/metrics.json', (text) => Metrics.parse(JSON.parse(text)));
  report.expect('evaluate-metrics', place, read.problem);
  if (read.problem !== undefined) return;
  const { value: metrics } = read;
  const found = metrics.rows !== rows && `rows ${metrics.rows} of a snapshot of ${rows}`;
  if (metrics.rows > rows) report.expect('evaluate-rows', place, found);
  else report.advise('evaluate-rows', place, found);
}

/** A column whose values are few, as a rule. */
function sliceableColumn({ workload: { columns, label } }: Bench): string {
  const features = columns.filter(({ name }) => name !== label.column);
  return (features.find(({ type }) => type === 'STRING') ?? features[0]).name;
}

const share = z.number().min(0).max(1);
const Sliced = z.looseObject({
  rows: z.number(),
  slices: z
    .array(
      z.looseObject({
        column: z.string(),
        value: z.string(),
        rows: z.number().int().positive(),
        accuracy: share,
        auc: share.nullable(),
        logLoss: z.number().nonnegative(),
      }),
    )
    .optional(),
});

/** An evaluator need not measure slices; what it reports of them must be of the column, and of all its rows. */
function checkSlices(bench: Bench, column: string): void {
  const { report } = bench;
  const place = at('evaluate-slices/metrics.json');
  const read = readOutput(bench, 'evaluate-slices/metrics.json', (text) => Sliced.parse(JSON.parse(text)));
  if (read.problem !== undefined) {
    report.expect('evaluate-slices', place, read.problem);
    return;
  }
  const { rows, slices } = read.value;
  if (!report.advise('evaluate-slices', place, !slices && `no slices, though asked for ${column}`)) return;
  const others = slices!.filter((slice) => slice.column !== column).map((slice) => slice.column);
  const counted = slices!.reduce((sum, slice) => sum + slice.rows, 0);
  report.expect(
    'evaluate-slices',
    place,
    (others.length > 0 && `slices of ${others.join(', ')}, asked for ${column}`) ||
      (counted !== rows && `slices of ${counted} rows, of ${rows}`),
  );
}

function checkSamples(bench: Bench): Sample[] {
  const { report, workload } = bench;
  const place = at('evaluate/samples.jsonl');
  const features = workload.columns.map(({ name }) => name).filter((name) => name !== workload.label.column);
  const read = readOutput(bench, 'evaluate/samples.jsonl', (text) =>
    text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => Sample.parse(JSON.parse(line))),
  );
  if (read.problem !== undefined) {
    report.expect('evaluate-samples', place, read.problem);
    return [];
  }
  const others = read.value.flatMap(({ instance }) =>
    Object.keys(instance).filter((name) => !features.includes(name)),
  );
  const found =
    (read.value.length === 0 && 'no line') ||
    (others.length > 0 && `instances with ${[...new Set(others)].join(', ')}`);
  return report.expect('evaluate-samples', place, found) ? read.value : [];
}

type Read<Value> = { value: Value; problem?: undefined } | { value?: undefined; problem: string };

function readOutput<Value>({ storage }: Bench, file: string, parse: (text: string) => Value): Read<Value> {
  try {
    storage.stat(BENCH.bucket, file);
  } catch {
    return { problem: 'no such object' };
  }
  try {
    return { value: parse(readFileSync(storage.path(BENCH.bucket, file), 'utf8')) };
  } catch (error) {
    return { problem: error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message };
  }
}
