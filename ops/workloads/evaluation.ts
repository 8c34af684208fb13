import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { Metrics } from '../../events/index.ts';
import { BENCH } from '../../local/workbench.ts';
import { at, type Bench } from './bench.ts';
import { checkMarker, checkRefusal, markerOf, runJob } from './job.ts';
import type { Snapshots } from './transform.ts';

const OUTPUT = 'evaluate/';

const Sample = z.object({ instance: z.record(z.string(), z.unknown()), prediction: z.json() });
export type Sample = z.infer<typeof Sample>;

/** Evaluates the model, and once without one. Answers the predictions that the evaluator kept. */
export async function checkEvaluation(bench: Bench, snapshots: Snapshots, model: string): Promise<Sample[]> {
  const { report } = bench;
  const evaluate = (name: string, model: string) =>
    runJob(bench, 'evaluate', {
      name,
      args: { eval: snapshots.eval.uri, model, output: at(`${name}/`), marker: markerOf(name) },
    });

  const end = await evaluate('evaluate', model);
  if (!report.expect('evaluate-succeeds', 'the job evaluate', end.failure)) return [];
  checkMarker(bench, 'evaluate', 'evaluate', end);
  checkMetrics(bench, snapshots.eval.rows);
  const samples = checkSamples(bench);
  checkRefusal(bench, 'evaluate', 'evaluate-nothing', await evaluate('evaluate-nothing', at('nothing/')));
  return samples;
}

/** The figures of slices, which an evaluator may report and need not. */
const Slices = z.array(z.looseObject({ column: z.string(), rows: z.number().int().positive() })).optional();

function checkMetrics(bench: Bench, rows: number): void {
  const { report, workload } = bench;
  const place = at(`${OUTPUT}metrics.json`);
  const read = readOutput(bench, 'metrics.json', (text) => Metrics.parse(JSON.parse(text)));
  report.expect('evaluate-metrics', place, read.problem);
  if (read.problem !== undefined) return;
  const { value: metrics } = read;
  const found = metrics.rows !== rows && `rows ${metrics.rows} of a snapshot of ${rows}`;
  if (metrics.rows > rows) report.expect('evaluate-rows', place, found);
  else report.advise('evaluate-rows', place, found);
  const slices = Slices.safeParse(metrics.slices);
  if (!slices.success) report.expect('evaluate-slices', place, z.prettifyError(slices.error));
  for (const { column, rows: ofSlice } of slices.data ?? []) {
    const isColumn = workload.columns.some(({ name }) => name === column);
    const tooMany = ofSlice > metrics.rows && `a slice of ${column} with ${ofSlice} of ${metrics.rows} rows`;
    report.expect('evaluate-slices', place, isColumn ? tooMany : `a slice of ${column}, which is no column`);
  }
}

function checkSamples(bench: Bench): Sample[] {
  const { report, workload } = bench;
  const place = at(`${OUTPUT}samples.jsonl`);
  const features = workload.columns.map(({ name }) => name).filter((name) => name !== workload.label.column);
  const read = readOutput(bench, 'samples.jsonl', (text) =>
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
    storage.stat(BENCH.bucket, `${OUTPUT}${file}`);
  } catch {
    return { problem: 'no such object' };
  }
  try {
    return { value: parse(readFileSync(storage.path(BENCH.bucket, `${OUTPUT}${file}`), 'utf8')) };
  } catch (error) {
    return { problem: error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message };
  }
}
