import { CATEGORICAL, type CategoricalColumn, FEATURES, type Instance, NUMERIC } from './features.ts';

/** A categorical column's values in ascending order of their positive rate: a value's index is its rank. */
export type Categories = Record<CategoricalColumn, string[]>;

/** The rank of a category that training never saw. */
export const UNKNOWN_RANK = -1;

/** Rows' worth of prior that each category's positive rate starts with, so that rare values stay near the middle. */
const SMOOTHING_ROWS = 10;

/**
 * Orders one column's categories by their smoothed positive rate, which lets a tree cut them as if they were a
 * number. Ties go by the value's code units, so the order depends on the rows' content alone.
 *
 * @param values the column, one value per row
 * @param labels 1 for a positive row, else 0
 */
export function orderCategories(values: readonly string[], labels: Uint8Array): string[] {
  const prior = labels.reduce((sum, label) => sum + label, 0) / labels.length;
  const seen = new Map<string, { rows: number; positives: number }>();
  values.forEach((value, row) => {
    const count = seen.get(value) ?? { rows: 0, positives: 0 };
    count.rows++;
    count.positives += labels[row];
    seen.set(value, count);
  });
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
