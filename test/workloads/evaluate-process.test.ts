import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CensusTable } from '../../workloads/census/files/census-table.ts';
import { instanceAt } from '../../workloads/census/files/census-table.ts';
import { DEFAULTS } from '../../workloads/census/model/hyperparameters.ts';
import type { SavedModel } from '../../workloads/census/model/saved-model.ts';
import { trainCensus } from '../../workloads/census/train/train.ts';
import { censusInstances, censusRows, loadTable, parquet } from './model-census.ts';
import { runContainer } from './serve-container.ts';
import { ContainerStorage } from './serve-storage.ts';

const OUTPUT = 'gs://baton/runs/run-1/evaluate/1/';

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

function evaluate(snapshot: string, modelFolder = 'gs://baton/model/', output = OUTPUT) {
  return runContainer('evaluate', storage, {
    args: [
      `--eval=${snapshot}`,
      `--model=${modelFolder}`,
      `--output=${output}`,
      `--marker=${output}done.json`,
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

  test('keeps a hundred instances as a client sends them, with predictions in full precision', () => {
    const lines = storage.bytes(`${OUTPUT}samples.jsonl`).toString().trimEnd().split('\n');
    expect(lines).toHaveLength(100);
    lines.forEach((line, row) => {
      const instance = instanceAt(table, row);
      expect(JSON.parse(line)).toEqual({ instance, prediction: model.predict(instance) });
    });
  });

  test('writes the marker last', () => {
    expect(storage.written(OUTPUT).at(-1)).toBe(`${OUTPUT}done.json`);
    expect(storage.json(`${OUTPUT}done.json`)).toEqual({ state: 'succeeded', job: '43' });
  });
});

describe('an evaluation that can not be', () => {
  const refused = async (snapshot: string, modelFolder?: string) => {
    const result = await evaluate(snapshot, modelFolder, 'gs://baton/refused/');
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

  test('refuses a folder without a model', async () => {
    expect(await refused('gs://baton/eval/', 'gs://baton/nowhere/')).toContain(
      'there is no object gs://baton/nowhere/model.json',
    );
  });
});
