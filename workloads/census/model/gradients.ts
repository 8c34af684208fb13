/** The loss's first and second derivative by each row's score. */
export interface Gradients {
  first: Float64Array;
  second: Float64Array;
}

export function sigmoid(score: number): number {
  return 1 / (1 + Math.exp(-score));
}

/**
 * The gradients of log loss, rounded so that sums over any of the table's rows are exact.
 *
 * A sum of doubles depends on the order of its terms, and so on how rows are spread over replicas. Each gradient
 * is therefore rounded to a multiple of one unit, so small that it hardly shows (2^-37 for 32,561 rows) and so
 * large that no sum needs more than a double's 53 bits. All sums, differences and totals of replicas are then
 * exact, in whatever order they are made.
 *
 * @param tableRows the rows of the whole table, at least 2; these may be a shard's of it
 */
export function gradientsOf(scores: Float64Array, labels: Uint8Array, tableRows: number): Gradients {
  const gradients = { first: new Float64Array(scores.length), second: new Float64Array(scores.length) };
  // Added to a number of at most 1, it leaves no place for the bits below 2^-52 of the power of two that it is 1.5 of.
  const rounding = 1.5 * 2 ** Math.ceil(Math.log2(tableRows));
  for (let row = 0; row < scores.length; row++) {
    const probability = sigmoid(scores[row]);
    gradients.first[row] = probability - labels[row] + rounding - rounding;
    gradients.second[row] = probability * (1 - probability) + rounding - rounding;
  }
  return gradients;
}
