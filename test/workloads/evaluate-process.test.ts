import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { GatePolicy, Metrics } from '../../events/index.ts';
import { decideGate } from '../../handlers/gate.ts';
import type { CensusTable } from '../../workloads/census/files/census-table.ts';
import { instanceAt } from '../../workloads/census/files/census-table.ts';
import { CATEGORICAL, NUMERIC } from '../../workloads/census/model/features.ts';
import { DEFAULTS } from '../../workloads/census/model/hyperparameters.ts';
import type { SavedModel } from '../../workloads/census/model/saved-model.ts';
import { trainCensus } from '../../workloads/census/train/train.ts';
import { censusInstances, censusRows, loadTable, parquet } from './model-census.ts';
import { runContainer } from './serve-container.ts';
import { ContainerStorage } from './serve-storage.ts';

const OUTPUT = 'gs://baton/runs/run-1/evaluate/1/';
const BROKEN_OUTPUT = 'gs://baton/runs/run-2/evaluate/1/';

/** The gate of a stack that says nothing else. */
const declaredGate = () => {
  const program = parse(readFileSync(new URL('../../infra/Pulumi.yaml', import.meta.url), 'utf8'));
  return GatePolicy.parse(JSON.parse(program.config.gate.default));
};

let storage: ContainerStorage;
let model: SavedModel;

beforeAll(async () => {
  storage = await ContainerStorage.start();
  model = await trainCensus(await loadTable(censusRows('train')), DEFAULTS);
  await storage.put('gs://baton/model/model.json', model.serialize(DEFAULTS));
});

afterAll(() => storage.close());

async function putParquet(uri: string, select: string): Promise<void> {
  await storage.put(uri, await parquet(select));
}

function evaluate(
  snapshot: string,
  modelFolder = 'gs://baton/model/',
  output = OUTPUT,
  slices = 'gender,race',
) {
  return runContainer('evaluate', storage, {
    args: [
      `--eval=${snapshot}`,
      `--model=${modelFolder}`,
      `--output=${output}`,
      `--marker=${output}done.json`,
      `--slices=${slices}`,
    ],
    env: { CLOUD_ML_JOB_ID: '43' },
  });
}

describe('an evaluation on the census table', () => {
  let table: CensusTable;

  beforeAll(async () => {
    table = await loadTable(censusRows('eval'));
    await putParquet('gs://baton/eval/000.parquet', `${censusRows('eval')} ORDER BY fnlwgt`);
    const { code, log } = await evaluate('gs://baton/eval/');
    expect(code, JSON.stringify(log)).toBe(0);
  });

  test('measures the default model as good as it must be', () => {
    const metrics = storage.json(`${OUTPUT}metrics.json`);
    expect(metrics.rows).toBe(16_278);
    expect(metrics.accuracy).toBeGreaterThanOrEqual(0.87);
    expect(metrics.auc).toBeGreaterThanOrEqual(0.926);
    expect(metrics.logLoss).toBeLessThanOrEqual(0.28);
  });

  test('counts every row once, by label and prediction', async () => {
    const { instances, labels } = await censusInstances('eval');
    const outcomes = instances.map((instance, row) => [labels[row], model.predict(instance) >= 0.5 ? 1 : 0]);
    const count = (label: number, predicted: number) =>
      outcomes.filter((outcome) => outcome[0] === label && outcome[1] === predicted).length;
    const { confusion, positives, accuracy, rows } = storage.json(`${OUTPUT}metrics.json`);
    expect(confusion).toEqual({
      truePositives: count(1, 1),
      falsePositives: count(0, 1),
      trueNegatives: count(0, 0),
      falseNegatives: count(1, 0),
    });
    expect(positives).toBe(count(1, 1) + count(1, 0));
    expect(accuracy).toBe((count(1, 1) + count(0, 0)) / rows);
  });

  test('measures each value of each column by itself, as a count of pairs does', async () => {
    const { instances, labels } = await censusInstances('eval');
    const expected = (['gender', 'race'] as const).flatMap((column) =>
      [...new Set(instances.map((instance) => instance[column]))].sort().map((value) => {
        const rows = [...instances.keys()].filter((row) => instances[row][column] === value);
        return {
          column,
          value,
          ...countedOn(rows.map((row) => [model.predict(instances[row]), labels[row]])),
        };
      }),
    );
    const { slices } = storage.json(`${OUTPUT}metrics.json`);
    expect(
      slices.map(({ column, value }: { column: string; value: string }) => `${column} ${value}`),
    ).toEqual([
      ...['gender Female', 'gender Male'],
      ...['Amer-Indian-Eskimo', 'Asian-Pac-Islander', 'Black', 'Other', 'White'].map(
        (race) => `race ${race}`,
      ),
    ]);
    expect(slices).toEqual(
      expected.map((slice) => ({
        ...slice,
        auc: expect.closeTo(slice.auc, 12),
        logLoss: expect.closeTo(slice.logLoss, 12),
      })),
    );
  });

  test('keeps a hundred instances as a client sends them, with predictions in full precision', () => {
    const lines = storage.bytes(`${OUTPUT}samples.jsonl`).toString().trimEnd().split('\n');
    expect(lines).toHaveLength(100);
    lines.forEach((line, row) => {
      const instance = instanceAt(table, row);
      expect(JSON.parse(line)).toEqual({ instance, prediction: model.predict(instance) });
    });
  });

  test('passes the gate that the program declares, each comparison with room to spare', () => {
    const metrics = Metrics.parse(storage.json(`${OUTPUT}metrics.json`));
    const { decision, comparisons } = decideGate(metrics, declaredGate());
    expect(decision).toBe('passed');
    const gaps = comparisons.filter(({ kind }) => kind === 'slice-gap');
    expect(gaps.map(({ slice }) => slice?.column)).toEqual(['gender', 'race']);
    for (const { value, threshold } of gaps) expect(value).toBeLessThan(threshold / 2);
  });

  test('writes the marker last', () => {
    expect(storage.written(OUTPUT).at(-1)).toBe(`${OUTPUT}done.json`);
    expect(storage.json(`${OUTPUT}done.json`)).toEqual({ state: 'succeeded', job: '43' });
  });
});

test('a model that sees nothing but capital gains is accurate enough, and the declared gate holds it back', async () => {
  const unseen = [
    ...NUMERIC.filter((column) => column !== 'capital_gain').map((column) => `0 AS ${column}`),
    ...CATEGORICAL.map((column) => `'' AS ${column}`),
  ];
  const rows = `SELECT * REPLACE (${unseen.join()}) FROM (${censusRows('train')})`;
  const broken = await trainCensus(await loadTable(rows), DEFAULTS);
  await storage.put('gs://baton/broken-model/model.json', broken.serialize(DEFAULTS));
  await putParquet('gs://baton/eval-again/000.parquet', censusRows('eval'));
  const { code, log } = await evaluate('gs://baton/eval-again/', 'gs://baton/broken-model/', BROKEN_OUTPUT);
  expect(code, JSON.stringify(log)).toBe(0);
  const metrics = Metrics.parse(storage.json(`${BROKEN_OUTPUT}metrics.json`));
  // docs/gate.md names these two.
  expect([metrics.accuracy.toFixed(3), metrics.auc.toFixed(3)]).toEqual(['0.813', '0.620']);
  const { decision, comparisons } = decideGate(metrics, declaredGate());
  expect(decision).toBe('failed');
  expect(comparisons.filter(({ passed }) => !passed)).toMatchObject([{ kind: 'threshold', metric: 'auc' }]);
  expect(comparisons.map(({ kind, metric }) => `${kind} ${metric}`)).toEqual([
    ...['threshold accuracy', 'threshold auc', 'rows rows', 'slice-gap accuracy', 'slice-gap accuracy'],
  ]);
});

describe('an evaluation that can not be', () => {
  const refused = async (snapshot: string, modelFolder?: string, slices?: string) => {
    const result = await evaluate(snapshot, modelFolder, 'gs://baton/refused/', slices);
    expect(result.code, JSON.stringify(result.log)).toBe(2);
    expect(storage.written('gs://baton/refused/')).toEqual([]);
    return result.log.at(-1)?.message;
  };

  test('refuses rows of one class, on which no AUC is defined', async () => {
    await putParquet('gs://baton/rich/0.parquet', `${censusRows('eval')} WHERE income_bracket = '>50K'`);
    expect(await refused('gs://baton/rich/')).toContain('have income_bracket ">50K", expected both labels');
  });

  test('refuses a file that is not a model, naming it', async () => {
    await storage.put('gs://baton/broken/model.json', '{"format":"other/1"}');
    expect(await refused('gs://baton/eval/', 'gs://baton/broken/')).toContain(
      'gs://baton/broken/model.json is not a census model',
    );
  });

  test('refuses slices by a column that has no few values, naming those that have', async () => {
    expect(await refused('gs://baton/eval/', undefined, 'gender,age')).toMatch(
      /argument --slices=gender,age: expected one or more of workclass, .*gender/,
    );
  });

  test('refuses a folder without a model', async () => {
    expect(await refused('gs://baton/eval/', 'gs://baton/nowhere/')).toContain(
      'there is no object gs://baton/nowhere/model.json',
    );
  });
});

/** The figures by their definitions: AUC is the share of the pairs of a positive and a negative row in the right order. */
function countedOn(rows: [prediction: number, label: number][]) {
  const scores = (wanted: number) =>
    rows.flatMap(([prediction, label]) => (label === wanted ? prediction : []));
  const [negatives, positives] = [scores(0), scores(1)];
  let inOrder = 0;
  for (const above of positives) {
    for (const below of negatives) inOrder += above > below ? 1 : above === below ? 0.5 : 0;
  }
  const right = rows.filter(([prediction, label]) => prediction >= 0.5 === (label === 1));
  const likelihoods = rows.map(([prediction, label]) => (label === 1 ? prediction : 1 - prediction));
  return {
    rows: rows.length,
    positives: positives.length,
    accuracy: right.length / rows.length,
    auc: inOrder / (positives.length * negatives.length),
    logLoss: -likelihoods.reduce((sum, likelihood) => sum + Math.log(likelihood), 0) / rows.length,
  };
}
