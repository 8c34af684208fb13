import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateCensus, writeCensus } from '../../workloads/census/sample/generate.ts';

const GENERATE = fileURLToPath(new URL('../../workloads/census/sample/generate.ts', import.meta.url));
const run = promisify(execFile);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'census-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('the sample’s files', () => {
  test('the command writes what the same seed writes in another process, byte for byte', async () => {
    const [there, here] = [join(folder, 'there'), join(folder, 'here', 'nested')];
    const options = ['--seed', '7', '--train-rows', '2500', '--eval-rows', '40', '--out', there];
    await run(process.execPath, [GENERATE, ...options]);
    await writeCensus({ seed: 7, trainRows: 2500, evalRows: 40, out: here });

    expect((await readdir(there)).sort()).toEqual(['eval.csv', 'train.csv']);
    for (const name of ['train.csv', 'eval.csv']) {
      expect(await readFile(join(there, name), 'utf8')).toBe(await readFile(join(here, name), 'utf8'));
    }
    const lines = (await readFile(join(there, 'train.csv'), 'utf8')).split('\n');
    expect(lines).toHaveLength(1 + 2500 + 1);
    expect(lines.at(-1)).toBe('');
  });

  test('the committed ones are what the README says made them', async () => {
    const out = join(folder, 'committed');
    await writeCensus({ seed: 1, trainRows: 300, evalRows: 150, out });
    for (const name of ['train.csv', 'eval.csv']) {
      const committed = join(fileURLToPath(new URL('../../workloads/census/sample/', import.meta.url)), name);
      expect(await readFile(committed, 'utf8')).toBe(await readFile(join(out, name), 'utf8'));
    }
  });

  test('train and eval share no rows', async () => {
    const out = join(folder, 'split');
    await writeCensus({ seed: 7, trainRows: 3000, evalRows: 3000, out });
    const [train, held] = await Promise.all(
      ['train.csv', 'eval.csv'].map(async (name) =>
        (await readFile(join(out, name), 'utf8')).split('\n').slice(1, -1),
      ),
    );
    expect(held.filter((line) => train.includes(line))).toEqual([]);
  });

  test.each([
    ['no folder', ['--seed', '1'], '--out takes the folder'],
    [
      'rows that are no number',
      ['--out', 'x', '--train-rows', 'many'],
      '--train-rows takes a number of rows, not "many"',
    ],
    ['an unknown option', ['--out', 'x', '--rows', '9'], "Unknown option '--rows'"],
  ])('the command refuses %s and says why', async (_, options, reason) => {
    await expect(run(process.execPath, [GENERATE, ...options], { cwd: folder })).rejects.toThrow(reason);
  });
});

describe('the generator', () => {
  test('writes the form of the original tables', () => {
    const [header, ...lines] = generateCensus({ seed: 1, rows: 300 });
    expect(header).toBe(
      'age,workclass,fnlwgt,education,education_num,marital_status,occupation,relationship,race,gender,' +
        'capital_gain,capital_loss,hours_per_week,native_country,income_bracket',
    );
    expect(lines).toHaveLength(300);
    const text = '(?: [^, ]+)?';
    const form = `^\\d+,${text},\\d+,${text},\\d+(?:,${text}){5},\\d+,\\d+,\\d+,${text}, (?:<=|>)50K$`;
    expect(lines.filter((line) => !new RegExp(form).test(line))).toEqual([]);
  });

  test('another seed gives other rows', () => {
    const rowsOf = (seed: number) => [...generateCensus({ seed, rows: 1000 })].slice(1);
    const first = rowsOf(1);
    expect(rowsOf(2).filter((line) => first.includes(line))).toEqual([]);
  });

  test('a longer sample begins with the shorter one', () => {
    const short = [...generateCensus({ seed: 3, rows: 10 })];
    expect([...generateCensus({ seed: 3, rows: 50 })].slice(0, 11)).toEqual(short);
  });
});
