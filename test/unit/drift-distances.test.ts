import { describe, expect, it } from 'vitest';
import {
  type Histogram,
  jensenShannonDivergence,
  lInfinityDistance,
} from '../../local/vertex/model-monitoring/distances.ts';

const histogram = (edges: number[], counts: number[]): Histogram => ({ edges, counts });

describe('the Jensen–Shannon divergence', () => {
  it('is zero for the same distribution, however many rows it has', () => {
    const edges = [0, 1, 2];
    expect(jensenShannonDivergence(histogram(edges, [3, 1]), histogram(edges, [30, 10]))).toBe(0);
  });

  it('is one for distributions with nothing in common', () => {
    expect(jensenShannonDivergence(histogram([0, 1], [5]), histogram([1, 2], [7]))).toBe(1);
  });

  it('of all against half and half is 1/2 + 3/4 log2(4/3) - 1/4, worked out by hand', () => {
    // p = (1, 0), q = (1/2, 1/2), m = (3/4, 1/4):
    // KL(p|m) = log2(4/3), KL(q|m) = log2(2/3)/2 + log2(2)/2, and their mean is what is asked.
    const expected = (Math.log2(4 / 3) + Math.log2(2 / 3) / 2 + 1 / 2) / 2;
    expect(expected).toBeCloseTo(0.311278, 6);
    const edges = [0, 1, 2];
    expect(jensenShannonDivergence(histogram(edges, [4, 0]), histogram(edges, [2, 2]))).toBeCloseTo(
      expected,
      12,
    );
  });

  it('spreads a bucket evenly where the other side cuts it', () => {
    // [0, 2) with all of it is, cut at 1, half and half: the case above once more.
    const expected = (Math.log2(4 / 3) + Math.log2(2 / 3) / 2 + 1 / 2) / 2;
    expect(jensenShannonDivergence(histogram([0, 2], [9]), histogram([0, 1], [1]))).toBeCloseTo(expected, 12);
  });

  it('is the same in both directions', () => {
    const left = histogram([0, 1, 4, 9], [1, 2, 3]);
    const right = histogram([0.5, 2, 7], [4, 1]);
    expect(jensenShannonDivergence(left, right)).toBeCloseTo(jensenShannonDivergence(right, left), 12);
  });

  it('compares single values by being equal, and places one in the bucket that begins with it', () => {
    const zero = histogram([0, 0], [5]);
    expect(jensenShannonDivergence(zero, histogram([0, 0], [2]))).toBe(0);
    expect(jensenShannonDivergence(zero, histogram([1, 1], [5]))).toBe(1);
    expect(jensenShannonDivergence(zero, histogram([0, 1, 2], [8, 0]))).toBe(0);
    expect(jensenShannonDivergence(histogram([2, 2], [1]), histogram([0, 1, 2], [8, 0]))).toBe(1);
  });
});

describe('the L-infinity distance', () => {
  it('is the largest difference in any share, values of one side only included', () => {
    const left = new Map([
      ['a', 5],
      ['b', 5],
    ]);
    const right = new Map([
      ['a', 30],
      ['b', 50],
      ['c', 20],
    ]);
    expect(lInfinityDistance(left, right)).toBeCloseTo(0.2, 12);
    expect(lInfinityDistance(left, new Map([['c', 1]]))).toBe(1);
    expect(lInfinityDistance(left, left)).toBe(0);
  });
});
