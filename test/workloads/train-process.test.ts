import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { censusRows, parquet } from './model-census.ts';
import { runContainer } from './serve-container.ts';
import { ContainerStorage } from './serve-storage.ts';

let storage: ContainerStorage;

beforeAll(async () => {
  storage = await ContainerStorage.start();
});

afterAll(() => storage.close());

/** Puts the rows of a SELECT into Cloud Storage as one Parquet object. */
async function putParquet(uri: string, select: string): Promise<void> {
  await storage.put(uri, await parquet(select));
}

function train(snapshot: string, output: string, ...hyperparameters: string[]) {
  return runContainer('train', storage, {
    args: [`--train=${snapshot}`, `--marker=${output}done.json`, ...hyperparameters],
    env: {
      AIP_MODEL_DIR: `${output}model/`,
      AIP_TENSORBOARD_LOG_DIR: `${output}logs/`,
      CLOUD_ML_JOB_ID: '42',
      BATON_RUN: 'run-1',
    },
  });
}

describe('a training on the census table', () => {
  const output = 'gs://baton/runs/run-1/train/1/';

  beforeAll(async () => {
    await putParquet('gs://baton/snapshot/000.parquet', `${censusRows('train')} LIMIT 20000`);
    await putParquet('gs://baton/snapshot/001.parquet', `${censusRows('train')} OFFSET 20000`);
    await storage.put('gs://baton/snapshot/_SUCCESS', 'not Parquet');
  });

  test('writes the model in three formats and the training log, then the marker', async () => {
    const { code, log } = await train('gs://baton/snapshot/', output);
    expect(code, JSON.stringify(log)).toBe(0);

    const written = storage.written(output);
    const events = written.find((uri) => uri.startsWith(`${output}logs/events.out.tfevents.`));
    expect(written.slice(0, -1).toSorted()).toEqual([
      events,
      `${output}model/model.bst`,
      `${output}model/model.json`,
      `${output}model/model.onnx`,
    ]);
    expect(written.at(-1)).toBe(`${output}done.json`);
    expect(storage.json(`${output}done.json`)).toEqual({ state: 'succeeded', job: '42', run: 'run-1' });
    expect(log).toContainEqual(expect.objectContaining({ severity: 'INFO', rows: 32_561 }));
    expect(log).toContainEqual(expect.objectContaining({ trees: 100, logLoss: expect.any(Number) }));
  });

  test('gives the same bits from the same rows in another order and other files', async () => {
    await putParquet(
      'gs://baton/shuffled/000.parquet',
      `${censusRows('train')} ORDER BY hash(fnlwgt, age) DESC`,
    );
    const { code } = await train('gs://baton/shuffled/', 'gs://baton/second/');
    expect(code).toBe(0);
    for (const file of ['model.json', 'model.bst', 'model.onnx']) {
      const first = storage.bytes(`${output}model/${file}`);
      expect(storage.bytes(`gs://baton/second/model/${file}`).equals(first), file).toBe(true);
    }
  });

  test('takes its hyperparameters from the command line', async () => {
    const options = [
      '--trees=3',
      '--learning-rate',
      '0.5',
      '--leaves=4',
      '--min-leaf=50',
      '--lambda=0',
      '--seed=9',
    ];
    const { code } = await train('gs://baton/snapshot/', 'gs://baton/third/', ...options, '--row-sample=0.5');
    expect(code).toBe(0);
    const { hyperparameters, trees } = storage.json('gs://baton/third/model/model.json');
    const expected = {
      trees: 3,
      learningRate: 0.5,
      leaves: 4,
      minLeaf: 50,
      lambda: 0,
      rowSample: 0.5,
      seed: 9,
    };
    expect(hyperparameters).toEqual(expected);
    expect(trees.map((tree: { left: number[] }) => tree.left.length)).toEqual([7, 7, 7]);
  });
});

describe('a training that can not be', () => {
  const refused = async (snapshot: string, ...hyperparameters: string[]) => {
    const { code, log } = await train(snapshot, 'gs://baton/refused/', ...hyperparameters);
    expect(code, JSON.stringify(log)).toBe(2);
    expect(storage.written('gs://baton/refused/')).toEqual([]);
    expect(log.at(-1)?.severity).toBe('ERROR');
    return log.at(-1)?.message;
  };

  test.each([
    ['--trees=many', '--trees=many: expected a whole number from 1 to 10000'],
    ['--epochs=5', 'unknown argument --epochs=5'],
  ])('refuses the argument %s by name', async (argument, message) => {
    expect(await refused('gs://baton/snapshot/', argument)).toContain(message);
  });

  test('refuses to start without a model folder, naming the variable', async () => {
    const args = ['--train=gs://baton/snapshot/', '--marker=gs://baton/done.json'];
    const { code, log } = await runContainer('train', storage, { args });
    expect(code).toBe(2);
    expect(log.at(-1)?.message).toContain('environment variable AIP_MODEL_DIR is missing');
  });

  test('refuses an empty folder', async () => {
    expect(await refused('gs://baton/nothing/')).toContain('no *.parquet objects under gs://baton/nothing/');
  });

  test('refuses a snapshot that can not be learnt from, naming it', async () => {
    await putParquet('gs://baton/poor/000.parquet', `${censusRows('train')} WHERE income_bracket = '<=50K'`);
    const message = 'gs://baton/poor/: all 24720 rows have income_bracket "<=50K", expected both labels';
    expect(await refused('gs://baton/poor/')).toContain(message);
  });
});
