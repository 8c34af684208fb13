import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { CENSUS, COMPILED, loadUdf } from './transform-engine.ts';

const Field = z.object({
  name: z.string(),
  type: z.enum(['INTEGER', 'STRING']),
  mode: z.literal('NULLABLE').optional(),
});
const Schema = z.object({ 'BigQuery Schema': z.array(Field) });
const Workload = z.object({
  columns: z.array(Field.omit({ mode: true }).strict()),
  label: z.object({ column: z.string(), positive: z.string(), negative: z.string() }),
  features: z.object({ numeric: z.array(z.string()), categorical: z.array(z.string()) }),
  transform: z.object({ source: z.string(), function: z.string(), schema: z.string() }),
  rejectColumns: z.object({ reason: z.string(), raw: z.string() }),
});

const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, CENSUS), 'utf8'));
const workload = Workload.parse(read('workload.json'));
const schema = Schema.parse(read(workload.transform.schema))['BigQuery Schema'];
const udf = loadUdf();

/** A line in the order of the workload's columns, with a small integer or the given label in each. */
const line = (label: string) =>
  workload.columns.map(({ name }) => (name === workload.label.column ? label : '1')).join(',');

test('the staging schema is the workload’s columns, then the two reject columns', () => {
  const rejects = Object.values(workload.rejectColumns).map((name) => ({ name, type: 'STRING' }));
  expect(schema.map(({ name, type }) => ({ name, type }))).toEqual([...workload.columns, ...rejects]);
  expect(schema.every((field) => field.mode === 'NULLABLE')).toBe(true);
});

test('the function writes exactly the schema’s columns, each of its type', () => {
  const row = z
    .record(z.string(), z.unknown())
    .parse(JSON.parse(udf(line(workload.label.positive)) ?? 'null'));
  expect(Object.keys(row)).toEqual(schema.map((field) => field.name));
  for (const { name, type } of workload.columns) {
    expect(typeof row[name], name).toBe(type === 'INTEGER' ? 'number' : 'string');
  }
});

test('the function takes the workload’s header and its two labels', () => {
  expect(udf(workload.columns.map(({ name }) => name).join(','))).toBeNull();
  for (const label of [workload.label.positive, workload.label.negative]) {
    expect(JSON.parse(udf(line(label)) ?? 'null')).toMatchObject({ [workload.label.column]: label });
  }
});

test('the features are columns of the right type, and the label is none of them', () => {
  const typeOf = new Map(workload.columns.map(({ name, type }) => [name, type]));
  expect(workload.features.numeric.map((name) => typeOf.get(name))).toEqual(Array(5).fill('INTEGER'));
  expect(workload.features.categorical.map((name) => typeOf.get(name))).toEqual(Array(8).fill('STRING'));
  expect(Object.values(workload.features).flat()).not.toContain(workload.label.column);
});

test('the descriptor names the compiled function', () => {
  expect(new URL(workload.transform.source, CENSUS).href).toBe(COMPILED.href);
  expect(workload.transform.function).toBe('transform');
});
