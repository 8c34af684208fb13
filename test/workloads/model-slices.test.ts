import { expect, test } from 'vitest';
import { measureSlices } from '../../workloads/census/model/slices.ts';

const probabilities = Float64Array.of(0.9, 0.2, 0.6, 0.7);

test('a slice of one label has no AUC, and its other figures all the same', () => {
  const labels = Uint8Array.of(1, 0, 0, 0);
  const slices = measureSlices('gender', ['A', 'A', 'B', 'B'], labels, probabilities);
  expect(slices).toMatchObject([
    { column: 'gender', value: 'A', rows: 2, positives: 1, accuracy: 1, auc: 1 },
    { column: 'gender', value: 'B', rows: 2, positives: 0, accuracy: 0, auc: null },
  ]);
  expect(slices[1].logLoss).toBeCloseTo(-(Math.log(0.4) + Math.log(0.3)) / 2, 12);
  const onlyPositive = measureSlices(
    'gender',
    ['A', 'A', 'A', 'A'],
    Uint8Array.of(1, 1, 1, 1),
    probabilities,
  );
  expect(onlyPositive[0].auc).toBeNull();
});

test('a missing value is a value of its own', () => {
  const slices = measureSlices('race', ['', 'X', '', 'X'], Uint8Array.of(1, 0, 0, 1), probabilities);
  expect(slices.map(({ value, rows }) => [value, rows])).toEqual([
    ['', 2],
    ['X', 2],
  ]);
});
