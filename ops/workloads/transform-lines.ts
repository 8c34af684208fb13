import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkNashornSyntax } from '../../local/dataflow/nashorn.ts';
import type { Bench } from './bench.ts';

/** How much of the sample is looked through for a line that is accepted. */
const LINES_TRIED = 50;

type Row = Record<string, unknown>;

/** Checks what becomes of the header, of blank lines, and of lines that no row can be made of. */
export async function checkLines(bench: Bench, sample: string): Promise<void> {
  const { workload, folder, report } = bench;
  const place = folder.place(workload.transform.source);
  for (const line of [workload.columns.map(({ name }) => name).join(','), '', '   ']) {
    report.expect('transform-header', place, headerProblem(line, await transformed(bench, line)));
  }
  const accepted = await acceptedLine(bench, sample);
  if (!accepted) return;
  for (const line of malformedLines(accepted, bench)) {
    const outcome = await transformed(bench, line);
    report.expect('transform-rejects', place, rejectProblem(line, outcome, bench));
  }
}

/** What the function made of a line: a row, nothing, or why it failed. */
type Outcome = { row: Row | undefined } | { failure: string };

/** Why the function doesn't load in Dataflow's engine, if it doesn't. */
export async function loadProblem(bench: Bench): Promise<string | undefined> {
  const { source } = bench.workload.transform;
  try {
    checkNashornSyntax(readFileSync(join(bench.folder.directory, source), 'utf8'), source);
    await runFunction(bench, []);
    return undefined;
  } catch (error) {
    bench.signal.throwIfAborted();
    return (error as Error).message;
  }
}

async function transformed(bench: Bench, line: string): Promise<Outcome> {
  try {
    const [text] = await runFunction(bench, [line]);
    return { row: text === undefined ? undefined : (JSON.parse(text) as Row) };
  } catch (error) {
    bench.signal.throwIfAborted();
    return { failure: (error as Error).message };
  }
}

/** What the function answers, without the lines that it drops. */
async function runFunction({ transforms, scratch, folder, workload, signal }: Bench, lines: string[]) {
  mkdirSync(scratch, { recursive: true });
  const [input, spool] = [join(scratch, 'lines.txt'), join(scratch, 'rows.jsonl')];
  writeFileSync(input, lines.map((line) => `${line}\n`).join(''));
  const { source, function: functionName } = workload.transform;
  const task = {
    source: readFileSync(join(folder.directory, source), 'utf8'),
    ...{ sourceUri: source, functionName, inputs: [{ uri: 'input', path: input }], spool },
  };
  await transforms.run(task, signal);
  return readFileSync(spool, 'utf8').split('\n').slice(0, -1);
}

function headerProblem(line: string, outcome: Outcome): string | undefined {
  if ('failure' in outcome) return `of ${shown(line)}: ${outcome.failure}`;
  return outcome.row && `of ${shown(line)}: ${JSON.stringify(outcome.row).slice(0, 200)}`;
}

function rejectProblem(line: string, outcome: Outcome, { workload }: Bench): string | undefined {
  if ('failure' in outcome) return `of ${shown(line)}: ${outcome.failure}`;
  const { row } = outcome;
  if (!row) return `of ${shown(line)}: nothing, so nobody would learn of it`;
  const { reason, raw } = workload.rejectColumns;
  const isMarked = typeof row[reason] === 'string' && typeof row[raw] === 'string';
  if (!isMarked) return `of ${shown(line)}: ${JSON.stringify(row).slice(0, 200)}`;
  const kept = workload.columns.filter(({ name }) => (row[name] ?? null) !== null);
  return kept.length > 0
    ? `of ${shown(line)}: a reject with ${kept.map(({ name }) => name).join(', ')}`
    : undefined;
}

/** The first line of the sample that becomes a row, by its values; none where quotes or other signs part the columns. */
async function acceptedLine(bench: Bench, sample: string): Promise<string[] | undefined> {
  const { reason } = bench.workload.rejectColumns;
  for (const line of readFileSync(sample, 'utf8').split(/\r?\n/).slice(0, LINES_TRIED)) {
    const outcome = await transformed(bench, line);
    if (!('row' in outcome) || !outcome.row || typeof outcome.row[reason] === 'string') continue;
    const values = line.split(',');
    return values.length === bench.workload.columns.length ? values : undefined;
  }
  return undefined;
}

function malformedLines(values: string[], { workload: { columns, label } }: Bench): string[] {
  const withValue = (name: string | undefined, value: string) =>
    name === undefined
      ? []
      : [values.map((old, index) => (columns[index].name === name ? value : old)).join(',')];
  const number = columns.find(({ type }) => /^(INTEGER|INT64|FLOAT|FLOAT64|NUMERIC)$/.test(type));
  return [
    values.slice(0, -1).join(','),
    [...values, 'one more'].join(','),
    'x'.repeat(100_000),
    ...withValue(number?.name, 'no number'),
    ...withValue(label.column, 'neither label'),
  ];
}

const shown = (line: string) => JSON.stringify(line.length > 100 ? `${line.slice(0, 100)}…` : line);
