import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Coded,
  conditionalInformation,
  dependenceTree,
} from '../../workloads/census/sample/dependence-tree.ts';
import { fitCensus } from '../../workloads/census/sample/fit.ts';
import { generateCensus } from '../../workloads/census/sample/generate.ts';
import { loadCensusModel } from '../../workloads/census/sample/model.ts';
import { publishable } from '../../workloads/census/sample/publish.ts';
import { randomStream } from '../../workloads/census/sample/random.ts';
import { CENSUS, loadUdf } from './transform-engine.ts';

const ORIGINAL = fileURLToPath(new URL('../../../shared/data/census', import.meta.url));

describe('the kept model', () => {
  const model = loadCensusModel();

  test('is figures only, and small', () => {
    expect(statSync(new URL('sample/model.json', CENSUS)).size).toBeLessThan(150_000);
  });

  test('is a tree: each column but one has a parent, and every path ends at that one', () => {
    const parentOf = new Map(model.columns.map(({ name, parent }) => [name, parent]));
    const roots = model.columns.map(({ name }) => {
      let at = name;
      for (let steps = 0; steps < model.columns.length; steps++) at = parentOf.get(at) ?? at;
      return at;
    });
    expect(new Set(roots).size).toBe(1);
    expect(model.columns.filter(({ parent }) => parent === null)).toHaveLength(1);
  });
});

describe('a distribution fit for publishing', () => {
  const counts = fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 12 });

  test('no figure stands for one to four people', () => {
    fc.assert(
      fc.property(counts, (people) => {
        const weights = publishable(people);
        if (weights === null) return people.every((n) => n < 5);
        const rare = people.filter((n) => n < 5).reduce((sum, n) => sum + n, 0);
        expect(weights.at(-1)! > 0).toBe(rare >= 5);
        people.forEach((n, state) => {
          expect(weights[state] > 0).toBe(n >= 5);
        });
      }),
    );
  });

  test('people too few to publish even together change nothing', () => {
    expect(publishable([60, 40, 3, 1])).toEqual(publishable([60, 40, 0, 0]));
  });
});

describe('the dependence tree', () => {
  const random = randomStream('tree');
  const rows = 4000;
  const coin = () => Uint8Array.from({ length: rows }, () => (random() < 0.5 ? 1 : 0));
  const noisy = (codes: Uint8Array, noise: number) =>
    codes.map((code) => (random() < noise ? 1 - code : code));
  const coded = (codes: Uint8Array): Coded => ({ states: 2, codes });
  const label = coded(coin());
  const [a, c] = [coin(), coin()];
  const b = noisy(a, 0.1);
  const d = noisy(b, 0.2);

  test('ties each column to the one it was made from', () => {
    const [root, ofD, ofC, ofB] = dependenceTree([a, d, c, b].map(coded), label);
    expect([root, ofD, ofB]).toEqual([null, 3, 0]);
    expect([0, 1, 3]).toContain(ofC);
  });

  test('sees nothing between columns that only the label makes alike', () => {
    const [x, y] = [noisy(label.codes, 0.1), noisy(label.codes, 0.1)].map(coded);
    const unlabelled = coded(new Uint8Array(rows));
    expect(conditionalInformation(x, y, unlabelled)).toBeGreaterThan(0.1);
    expect(Math.abs(conditionalInformation(x, y, label))).toBeLessThan(0.002);
  });
});

describe('against the original tables', () => {
  const original = ['train.csv', 'eval.csv'].flatMap((file) =>
    readFileSync(join(ORIGINAL, file), 'utf8').trimEnd().split('\n').slice(1),
  );

  test('the kept model is what the fit gives', () => {
    expect(fitCensus(ORIGINAL)).toEqual(loadCensusModel());
  });

  test('the pipeline’s function takes every original line', () => {
    const udf = loadUdf();
    expect(original.filter((line) => !udf(line)?.includes('"baton_reject_reason":null'))).toEqual([]);
  });

  test('the sample is no copy: hardly a row of it is an original row', () => {
    const people = new Set(original);
    const sample = [...generateCensus({ seed: 1, rows: original.length })].slice(1);
    const copies = sample.filter((line) => people.has(line));
    expect(copies.length).toBeLessThan(sample.length / 10_000);
  });
});
