import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { trainEnsemble } from '../../workloads/census/model/boosting.ts';
import { DEFAULTS } from '../../workloads/census/model/hyperparameters.ts';
import type { SavedModel } from '../../workloads/census/model/saved-model.ts';
import { Scorer } from '../../workloads/census/model/scorer.ts';
import { toXgboost } from '../../workloads/census/model/xgboost.ts';
import { trainCensus } from '../../workloads/census/train/train.ts';
import { censusInstances, censusRows, loadTable } from './model-census.ts';

/** Predictions of scikit-learn and XGBoost, made by fixtures/make_golden.py, one per row. */
function golden(name: string): Float32Array {
  const content = gunzipSync(readFileSync(join(import.meta.dirname, 'fixtures', name)));
  return new Float32Array(content.buffer, content.byteOffset, content.length / 4);
}

function largestDifference(expected: Float32Array, actual: number[]): number {
  expect(actual).toHaveLength(expected.length);
  return actual.reduce((largest, value, row) => Math.max(largest, Math.abs(value - expected[row])), 0);
}

let model: SavedModel;
let predictions: number[];

beforeAll(async () => {
  model = await trainCensus(await loadTable(censusRows('train')), DEFAULTS);
  const { instances } = await censusInstances('eval');
  predictions = instances.map((instance) => model.predict(instance));
});

test('predicts the census rows as scikit-learn trained with the same settings does', () => {
  expect(largestDifference(golden('sklearn-census.f32.gz'), predictions)).toBeLessThanOrEqual(1e-6);
});

test('real XGBoost reads the exported model and predicts the same', () => {
  const { 'model.bst sha256': digest } = JSON.parse(
    readFileSync(join(import.meta.dirname, 'fixtures/golden.json'), 'utf8'),
  );
  const exported = createHash('sha256').update(toXgboost(model.ensemble)).digest('hex');
  expect(exported, 'XGBoost predicted from another model.bst: run fixtures/make_golden.py').toBe(digest);
  expect(largestDifference(golden('xgboost-census.f32.gz'), predictions)).toBeLessThanOrEqual(1e-6);
});

test('bins columns with more distinct values than bins as scikit-learn does', async () => {
  const { columns, labels, rows } = syntheticTable(3000, 4, 7);
  const ensemble = await trainEnsemble(columns, labels, {
    ...DEFAULTS,
    trees: 50,
    leaves: 15,
    minLeaf: 5,
    lambda: 0,
  });
  const scorer = new Scorer(ensemble);
  const actual = rows.map((row) => scorer.predict(row));
  expect(largestDifference(golden('sklearn-synthetic.f32.gz'), actual)).toBeLessThanOrEqual(1e-6);
});

/** The same table as `synthetic` in fixtures/make_golden.py. */
function syntheticTable(count: number, width: number, seed: number) {
  let state = seed;
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const rows: Float32Array[] = [];
  const labels = new Uint8Array(count);
  for (let row = 0; row < count; row++) {
    const x = Float32Array.from({ length: width }, () => random() * 2 - 1);
    rows.push(x);
    labels[row] = x[0] + x[1] * x[2] + random() - 0.5 > 0.25 ? 1 : 0;
  }
  const columns = Array.from({ length: width }, (_, column) => Float32Array.from(rows, (row) => row[column]));
  return { rows, columns, labels };
}
