import { beforeAll, expect, test } from 'vitest';
import { DEFAULTS } from '../../workloads/census/model/hyperparameters.ts';
import { SavedModel } from '../../workloads/census/model/saved-model.ts';
import { trainCensus } from '../../workloads/census/train/train.ts';
import { censusInstances, censusRows, loadTable } from './model-census.ts';

const HYPERPARAMETERS = { ...DEFAULTS, trees: 20 };

let model: SavedModel;

beforeAll(async () => {
  model = await trainCensus(await loadTable(`${censusRows('train')} LIMIT 5000`), HYPERPARAMETERS);
});

test('a saved model predicts bit for bit what the trained one does', async () => {
  const { instances } = await censusInstances('eval');
  const predictions = (of: SavedModel) => instances.map((instance) => of.predict(instance));
  expect(predictions(SavedModel.parse(model.serialize(HYPERPARAMETERS)))).toEqual(predictions(model));
});

const LEAF = { feature: [0], threshold: [0], left: [-1], right: [-1], value: [0] };

test.each([
  ['another format', { format: 'other/1' }, 'format'],
  ['other features', { features: ['age', 'shoe_size'] }, 'features'],
  ['a missing column of categories', { categories: { race: ['White'] } }, 'categories'],
  ['a tree that loops', { trees: [{ ...LEAF, left: [0], right: [0] }] }, 'not a tree'],
  ['a node with one child', { trees: [{ ...LEAF, left: [1] }] }, 'not a tree'],
  ['a child that is not there', { trees: [{ ...LEAF, left: [1], right: [2] }] }, 'not a tree'],
  [
    'a tree without nodes',
    { trees: [{ feature: [], threshold: [], left: [], right: [], value: [] }] },
    'not a tree',
  ],
  ['arrays of unequal length', { trees: [{ ...LEAF, value: [] }] }, 'not a tree'],
  ['a feature that is not there', { trees: [{ ...LEAF, feature: [13] }] }, 'feature'],
])('a file with %s is no model', (_, fault, word) => {
  const broken = { ...JSON.parse(model.serialize(HYPERPARAMETERS)), ...fault };
  expect(() => SavedModel.parse(JSON.stringify(broken))).toThrow(word);
});
