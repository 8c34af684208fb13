import { z } from 'zod';
import type { Collective } from './collective.ts';

/** A column is cut into at most this many bins, so that a bin number fits in one byte. */
export const MAX_BINS = 255;

/** A table whose columns were cut into bins: bin `b` of a column holds the values up to and including `cuts[b]`. */
export interface BinnedTable {
  rows: number;
  /** Per column, the ascending cut points. */
  cuts: Float32Array[];
  /** Per column, each row's bin. */
  bins: Uint8Array[];
  /** Per column, the number of bins in the columns before it; at the end, the number of all bins. */
  offsets: number[];
}

/** A column's values in ascending order, each once, and how many rows have each. */
const Distribution = z.object({ values: z.array(z.number()), counts: z.array(z.int()) });
type Distribution = z.infer<typeof Distribution>;

/**
 * Cuts each column between its distinct values or, where there are more than `MAX_BINS` of them, at evenly
 * spaced quantiles. Replicas tell each other how their values are distributed, so that all cut alike, and exactly
 * as one would that holds all rows.
 *
 * @param columns single-precision columns of equal length, without NaN
 */
export async function binTable(columns: Float32Array[], collective: Collective): Promise<BinnedTable> {
  const own = columns.map(distributionOf);
  const shards = await collective.gather(z.array(Distribution), own);
  const cuts = own.map((_, column) => cutPoints(merge(shards.map((shard) => shard[column]))));
  const offsets = [0];
  for (const { length } of cuts) offsets.push(offsets[offsets.length - 1] + length + 1);
  return {
    rows: columns[0].length,
    cuts,
    bins: columns.map((column, index) => Uint8Array.from(column, (value) => binOf(cuts[index], value))),
    offsets,
  };
}

function distributionOf(column: Float32Array): Distribution {
  const values: number[] = [];
  const counts: number[] = [];
  for (const value of column.toSorted()) {
    if (value === values[values.length - 1]) counts[counts.length - 1]++;
    else {
      values.push(value);
      counts.push(1);
    }
  }
  return { values, counts };
}

function merge(shards: Distribution[]): Distribution {
  if (shards.length === 1) return shards[0];
  const rows = new Map<number, number>();
  for (const { values, counts } of shards) {
    values.forEach((value, index) => {
      rows.set(value, (rows.get(value) ?? 0) + counts[index]);
    });
  }
  const merged = [...rows].sort(([a], [b]) => a - b);
  return { values: merged.map(([value]) => value), counts: merged.map(([, count]) => count) };
}

function cutPoints({ values, counts }: Distribution): Float32Array {
  return values.length <= MAX_BINS
    ? Float32Array.from(values.slice(1), (value, index) => between(values[index], value))
    : quantiles({ values, counts });
}

function quantiles({ values, counts }: Distribution): Float32Array {
  const rows = counts.reduce((sum, count) => sum + count, 0);
  // Positions only ascend, so that one walk over the values finds all.
  let index = 0;
  let upTo = counts[0];
  const valueAt = (position: number): number => {
    while (position >= upTo) upTo += counts[++index];
    return values[index];
  };
  return Float32Array.from({ length: MAX_BINS - 1 }, (_, cut) => {
    const position = ((cut + 1) / MAX_BINS) * (rows - 1);
    const lower = valueAt(Math.floor(position));
    return between(lower, valueAt(Math.ceil(position)));
  });
}

/** The middle of two values in single precision, never as high as the upper one: `x <= cut` must tell them apart. */
function between(lower: number, upper: number): number {
  const middle = Math.fround((lower + upper) / 2);
  return middle < upper ? middle : lower;
}

function binOf(cuts: Float32Array, value: number): number {
  let low = 0;
  let high = cuts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value <= cuts[middle]) high = middle;
    else low = middle + 1;
  }
  return low;
}
