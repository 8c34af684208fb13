import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  CATEGORICAL,
  LABEL,
  NEGATIVE,
  NUMERIC,
  POSITIVE,
  UNUSED,
} from '../../workloads/census/model/features.ts';

test('the model reads the columns that workload.json tells the pipeline of', () => {
  const path = join(import.meta.dirname, '../../workloads/census/workload.json');
  const { columns, label, features } = JSON.parse(readFileSync(path, 'utf8'));
  expect(features).toEqual({ numeric: NUMERIC, categorical: CATEGORICAL });
  expect(label).toEqual({ column: LABEL, positive: POSITIVE, negative: NEGATIVE });
  const names = columns.map(({ name }: { name: string }) => name);
  expect([...NUMERIC, ...CATEGORICAL, ...UNUSED].toSorted()).toEqual(names.toSorted());
});
