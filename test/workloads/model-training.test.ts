import { beforeAll, describe, expect, test } from 'vitest';
import type { CensusTable } from '../../workloads/census/files/census-table.ts';
import { instanceAt } from '../../workloads/census/files/census-table.ts';
import { trainEnsemble } from '../../workloads/census/model/boosting.ts';
import { countCategories, orderCategories } from '../../workloads/census/model/encoding.ts';
import { DEFAULTS } from '../../workloads/census/model/hyperparameters.ts';
import { measure } from '../../workloads/census/model/metrics.ts';
import { trainCensus } from '../../workloads/census/train/train.ts';
import { censusRows, loadTable } from './model-census.ts';

const FEW = { ...DEFAULTS, trees: 10, rowSample: 0.5 };

let table: CensusTable;

beforeAll(async () => {
  table = await loadTable(`${censusRows('train')} LIMIT 4000`);
});

const bits = async (rows: CensusTable, parameters = FEW) =>
  (await trainCensus(rows, parameters)).serialize(parameters);

test('the same seed draws the same rows, another seed others', async () => {
  expect(await bits(table)).toBe(await bits(table));
  const treesOf = async (seed: number) => (await trainCensus(table, { ...FEW, seed })).ensemble.trees;
  const [one, two] = [await treesOf(1), await treesOf(2)];
  expect(one).not.toEqual(two);
});

test('a missing category may be NULL or empty: the model is the same', async () => {
  const rows = `SELECT * FROM (${censusRows('train')} LIMIT 4000)`;
  const nulls = await loadTable(`SELECT * REPLACE (nullif(occupation, '') AS occupation) FROM (${rows})`);
  expect(nulls.categories.occupation).toContain('');
  expect(await bits(nulls)).toBe(await bits(table));
});

test('the first hundred rows are a fair sample of the table', () => {
  const meanAge = (rows: number) =>
    table.numbers.age.subarray(0, rows).reduce((sum, age) => sum + age, 0) / rows;
  expect(Math.abs(meanAge(100) - meanAge(table.rows))).toBeLessThan(5);
});

test('each tree lowers the training loss, which starts at the base rate', async () => {
  const losses: number[] = [];
  await trainCensus(table, { ...DEFAULTS, trees: 20 }, (trees, loss) => {
    expect(trees).toBe(losses.length);
    losses.push(loss);
  });
  expect(losses).toHaveLength(21);
  const rate = table.labels.reduce((sum, label) => sum + label, 0) / table.rows;
  expect(losses[0]).toBeCloseTo(-rate * Math.log(rate) - (1 - rate) * Math.log(1 - rate), 12);
  for (const [index, loss] of losses.slice(1).entries()) expect(loss).toBeLessThan(losses[index]);
});

test('the last training loss is the log loss of the finished model', async () => {
  let last = 0;
  const model = await trainCensus(table, FEW, (_, loss) => {
    last = loss;
  });
  const predictions = Float64Array.from(table.labels, (_, row) => model.predict(instanceAt(table, row)));
  expect(measure(table.labels, predictions).logLoss).toBeCloseTo(last, 12);
});

describe('a tree', () => {
  const grow = async (parameters: Partial<typeof DEFAULTS>) =>
    (await trainCensus(table, { ...DEFAULTS, trees: 1, ...parameters })).ensemble.trees[0];

  test('has no more leaves than asked for', async () => {
    expect((await grow({ leaves: 8 })).left.filter((left) => left < 0)).toHaveLength(8);
  });

  test('has no smaller leaf than asked for', async () => {
    expect((await grow({ minLeaf: table.rows })).left).toEqual([-1]);
    const { left } = await grow({ minLeaf: table.rows / 4, leaves: 1024 });
    expect(left.filter((child) => child < 0).length).toBeLessThan(5);
  });

  test('moves less with regularisation', async () => {
    const size = async (lambda: number) => Math.abs((await grow({ lambda, leaves: 2 })).value[1]);
    expect(await size(10_000)).toBeLessThan(await size(0));
  });
});

test('rows that a rule separates are learnt without a score growing out of bounds', async () => {
  const column = Float32Array.from({ length: 200 }, (_, row) => row);
  const labels = Uint8Array.from(column, (value) => (value < 100 ? 0 : 1));
  const losses: number[] = [];
  const parameters = { ...DEFAULTS, trees: 500, learningRate: 1, lambda: 0 };
  const { trees } = await trainEnsemble([column], labels, parameters, (_, loss) => losses.push(loss));
  expect(trees.flatMap(({ value }) => value).every(Number.isFinite)).toBe(true);
  expect(losses.at(-1)).toBeLessThan(1e-3);
});

test.each([0, 1])('labels that are all %i are refused', async (label) => {
  const labels = new Uint8Array(50).fill(label);
  const training = trainEnsemble([new Float32Array(50)], labels, DEFAULTS);
  await expect(training).rejects.toThrow('the labels are all alike');
});

test('categories are ordered by positive rate, rare ones near the middle, ties by name', () => {
  const values = ['low', 'high', 'rare', 'b', 'a'].flatMap((value) =>
    Array<string>(value === 'rare' ? 1 : 100).fill(value),
  );
  const positive: Record<string, number> = { low: 0.1, high: 0.9, rare: 1, a: 0.5, b: 0.5 };
  const labels = Uint8Array.from(values, (value, row) => ((row % 100) / 100 < positive[value] ? 1 : 0));
  expect(orderCategories([countCategories(values, labels)])).toEqual(['low', 'a', 'b', 'rare', 'high']);
});

test('the AUC counts ties half', () => {
  const auc = (labels: number[], probabilities: number[]) =>
    measure(Uint8Array.from(labels), Float64Array.from(probabilities)).auc;
  expect(auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])).toBe(0.75);
  expect(auc([0, 1], [0.5, 0.5])).toBe(0.5);
  expect(auc([1, 0, 1], [0.9, 0.9, 0.2])).toBe(0.25);
});
