import { z } from 'zod';
import { CATEGORICAL, type CategoricalColumn, FEATURES, type Instance, NUMERIC } from './features.ts';

/** A categorical column's values in ascending order of their positive rate: a value's index is its rank. */
export type Categories = Record<CategoricalColumn, string[]>;

/** The rank of a category that training never saw. */
export const UNKNOWN_RANK = -1;

/** Rows' worth of prior that each category's positive rate starts with, so that rare values stay near the middle. */
const SMOOTHING_ROWS = 10;

/** How many rows have each value of one column, and how many of these are positive. */
export const CategoryCounts = z.array(z.object({ value: z.string(), rows: z.int(), positives: z.int() }));
export type CategoryCounts = z.infer<typeof CategoryCounts>;

/**
 * Counts the rows of each category of one column.
 *
 * @param values the column, one value per row
 * @param labels 1 for a positive row, else 0
 */
export function countCategories(values: readonly string[], labels: Uint8Array): CategoryCounts {
  const seen = new Map<string, CategoryCounts[number]>();
  values.forEach((value, row) => {
    const count = seen.get(value) ?? { value, rows: 0, positives: 0 };
    count.rows++;
    count.positives += labels[row];
    seen.set(value, count);
  });
  return [...seen.values()];
}

/**
 * Orders one column's categories by their smoothed positive rate, which lets a tree cut them as if they were a
 * number. Ties go by the value's code units, so the order depends on the rows' content alone.
 *
 * @param shards the counts of each replica's rows
 */
export function orderCategories(shards: readonly CategoryCounts[]): string[] {
  const seen = new Map<string, { rows: number; positives: number }>();
  const whole = { rows: 0, positives: 0 };
  for (const { value, rows, positives } of shards.flat()) {
    const count = seen.get(value) ?? { rows: 0, positives: 0 };
    seen.set(value, count);
    for (const each of [count, whole]) {
      each.rows += rows;
      each.positives += positives;
    }
  }
  const prior = whole.positives / whole.rows;
  return [...seen]
    .map(([value, { rows, positives }]) => ({
      value,
      rate: (positives + SMOOTHING_ROWS * prior) / (rows + SMOOTHING_ROWS),
    }))
    .sort((a, b) => a.rate - b.rate || (a.value < b.value ? -1 : 1))
    .map(({ value }) => value);
}

/** Turns instances into the numbers that the trees compare. Training, evaluation and serving all encode here. */
export class Encoder {
  readonly #ranks: Map<string, number>[];

  constructor(categories: Categories) {
    this.#ranks = CATEGORICAL.map(
      (column) => new Map(categories[column].map((value, rank) => [value, rank])),
    );
  }

  /** One instance as single-precision numbers, in the order of `FEATURES`. */
  encode(instance: Instance): Float32Array {
    const encoded = new Float32Array(FEATURES.length);
    NUMERIC.forEach((column, index) => {
      encoded[index] = instance[column];
    });
    CATEGORICAL.forEach((column, index) => {
      encoded[NUMERIC.length + index] = this.#ranks[index].get(instance[column]) ?? UNKNOWN_RANK;
    });
    return encoded;
  }
}
