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

/**
 * Cuts each column between its distinct values or, where there are more than `MAX_BINS` of them, at evenly
 * spaced quantiles.
 *
 * @param columns single-precision columns of equal length, without NaN
 */
export function binTable(columns: Float32Array[]): BinnedTable {
  const cuts = columns.map(cutPoints);
  const offsets = [0];
  for (const { length } of cuts) offsets.push(offsets[offsets.length - 1] + length + 1);
  return {
    rows: columns[0].length,
    cuts,
    bins: columns.map((column, index) => Uint8Array.from(column, (value) => binOf(cuts[index], value))),
    offsets,
  };
}

function cutPoints(column: Float32Array): Float32Array {
  const sorted = column.toSorted();
  const distinct = sorted.filter((value, index) => index === 0 || value !== sorted[index - 1]);
  return distinct.length <= MAX_BINS
    ? Float32Array.from(distinct.subarray(1), (value, index) => between(distinct[index], value))
    : quantiles(sorted);
}

function quantiles(sorted: Float32Array): Float32Array {
  return Float32Array.from({ length: MAX_BINS - 1 }, (_, index) => {
    const position = ((index + 1) / MAX_BINS) * (sorted.length - 1);
    return between(sorted[Math.floor(position)], sorted[Math.ceil(position)]);
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
