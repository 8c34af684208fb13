import type { BinnedTable } from './binning.ts';
import { CELL, type Histogram } from './histogram.ts';
import type { Hyperparameters } from './hyperparameters.ts';

/** The gradients of a node's rows, summed. */
export interface NodeSums {
  first: number;
  second: number;
  rows: number;
}

/** A cut of one node: rows whose bin is at most `bin` go left. */
export interface Split {
  column: number;
  bin: number;
  /** How much the loss falls, to second order. */
  gain: number;
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
      const gain = loss(first, second) + loss(node.first - first, node.second - second) - whole;
      if (gain > (best?.gain ?? 0) + MIN_GAIN) best = { column, bin, gain };
    }
  });
  return best;
}
