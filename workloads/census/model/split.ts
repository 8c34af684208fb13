import type { BinnedTable } from './binning.ts';
import { CELL, type Histogram, type NodeSums } from './histogram.ts';
import type { Hyperparameters } from './hyperparameters.ts';

/** A cut of one node: rows whose bin is at most `bin` go left. */
export interface Split {
  column: number;
  bin: number;
  /** How much the loss falls, to second order. */
  gain: number;
  left: NodeSums;
  right: NodeSums;
}

/** A smaller gain than this is rounding noise. */
const MIN_GAIN = 1e-9;
/** Each side of a cut needs this much curvature, or its leaf's value would be a division by almost nothing. */
const MIN_CURVATURE = 1e-3;

/** The cut that lowers the loss most, or `undefined` when none does. */
export function bestSplit(
  table: BinnedTable,
  histogram: Histogram,
  node: NodeSums,
  { minLeaf, lambda }: Hyperparameters,
): Split | undefined {
  const loss = (first: number, second: number) => (first * first) / (second + lambda);
  const whole = loss(node.first, node.second);
  let best: Split | undefined;
  table.cuts.forEach((cuts, column) => {
    let first = 0;
    let second = 0;
    let rows = 0;
    for (let bin = 0; bin < cuts.length; bin++) {
      const cell = (table.offsets[column] + bin) * CELL;
      first += histogram[cell];
      second += histogram[cell + 1];
      rows += histogram[cell + 2];
      if (rows < minLeaf || second < MIN_CURVATURE) continue;
      if (node.rows - rows < minLeaf || node.second - second < MIN_CURVATURE) break;
      const right = { first: node.first - first, second: node.second - second, rows: node.rows - rows };
      const gain = loss(first, second) + loss(right.first, right.second) - whole;
      if (gain > (best?.gain ?? 0) + MIN_GAIN) {
        best = { column, bin, gain, left: { first, second, rows }, right };
      }
    }
  });
  return best;
}
