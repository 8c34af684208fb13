import { expect, test } from 'vitest';
import { z } from 'zod';
import { generateCensus } from '../../workloads/census/sample/generate.ts';
import { type Column, loadCensusModel } from '../../workloads/census/sample/model.ts';
import { loadUdf } from './transform-engine.ts';

const Row = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));
type Row = z.infer<typeof Row>;

const model = loadCensusModel();
const udf = loadUdf();
const rows = [...generateCensus({ seed: 11, rows: 30_000 })]
  .flatMap((line) => udf(line) ?? [])
  .map((json) => Row.parse(JSON.parse(json)));
const isPositive = (row: Row) => row[model.label.name] === '>50K';

/** Which of the column's states a value stands for; -1 when the model could not have drawn it. */
function stateOf({ states }: Column, value: string | number | null): number {
  if (states.kind === 'values') return states.values.indexOf(String(value));
  const number = Number(value);
  if (states.kind === 'lumps') return states.bins.findIndex((bin) => bin.values.includes(number));
  return states.bins.findIndex((cuts) => number >= cuts[0] && number <= cuts[cuts.length - 1]);
}

test('the pipeline’s function takes every generated line and rejects none', () => {
  expect(rows).toHaveLength(30_000);
  expect(rows.filter((row) => row.baton_reject_reason !== null)).toEqual([]);
});

test('the share of positive labels is the census’s', () => {
  const share = rows.filter(isPositive).length / rows.length;
  expect(share).toBeGreaterThan(0.22);
  expect(share).toBeLessThan(0.26);
});

test.each(model.columns.map((column) => [column.name, column] as const))(
  '%s is spread as fitted, for either label',
  (name, column) => {
    model.label.values.forEach((label, y) => {
      const labelled = rows.filter((row) => row[model.label.name] === label);
      const counts = new Map<number, number>();
      for (const row of labelled) {
        const state = stateOf(column, row[name]);
        counts.set(state, (counts.get(state) ?? 0) + 1);
      }
      expect(counts.has(-1), `a value of ${name} that the model does not hold`).toBe(false);
      column.distributions.byLabel[y].forEach((weight, state) => {
        const drawn = (counts.get(state) ?? 0) / labelled.length;
        expect(Math.abs(drawn - weight), `${name}, state ${state}, ${label}`).toBeLessThan(0.015);
      });
    });
  },
);

test('columns depend on each other as in the census', () => {
  const codes = new Map<string, Set<string>>();
  for (const { education, education_num } of rows) {
    codes.set(String(education), (codes.get(String(education)) ?? new Set()).add(String(education_num)));
  }
  expect([...codes.values()].filter((numbers) => numbers.size !== 1)).toEqual([]);
  expect(rows.filter((row) => row.relationship === 'Husband' && row.gender === 'Female').length).toBeLessThan(
    5,
  );
});

test('the label can be learnt: rates by education and marital status rank unseen rows well', () => {
  const groupOf = (row: Row) => `${row.education}/${row.marital_status}`;
  const [seen, unseen] = [rows.slice(0, 20_000), rows.slice(20_000)];
  const rates = new Map(
    [...Map.groupBy(seen, groupOf)].map(([group, rows]) => [
      group,
      rows.filter(isPositive).length / rows.length,
    ]),
  );
  const scored = unseen.map((row) => ({ positive: isPositive(row), score: rates.get(groupOf(row)) ?? 0 }));
  expect(rankingQuality(scored)).toBeGreaterThan(0.82);
});

/** The chance that a positive row is scored above a negative one (the area under the ROC curve). */
function rankingQuality(scored: { positive: boolean; score: number }[]): number {
  const groups = [...Map.groupBy(scored, ({ score }) => score)].sort(([a], [b]) => a - b);
  let negatives = 0;
  let wins = 0;
  let positives = 0;
  for (const [, group] of groups) {
    const positive = group.filter((row) => row.positive).length;
    const negative = group.length - positive;
    wins += positive * (negatives + negative / 2);
    positives += positive;
    negatives += negative;
  }
  return wins / (positives * negatives);
}
