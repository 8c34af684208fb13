import type { BinnedTable } from './binning.ts';
import type { Gradients } from './gradients.ts';

/** Per column and bin, three sums side by side: first derivatives, second derivatives, rows. */
export type Histogram = Float64Array;

/** Numbers per bin. */
export const CELL = 3;

/** The gradients of a node's rows, summed. */
export interface NodeSums {
  first: number;
  second: number;
  rows: number;
}

/** Sums the gradients of some rows by column and bin. The innermost loop of training, hence its plain form. */
export function histogramOf(table: BinnedTable, gradients: Gradients, rows: Int32Array): Histogram {
  const histogram = new Float64Array(table.offsets[table.bins.length] * CELL);
  const { first, second } = gatherGradients(gradients, rows);
  for (let column = 0; column < table.bins.length; column++) {
    const bins = table.bins[column];
    const start = table.offsets[column] * CELL;
    for (let index = 0; index < rows.length; index++) {
      const cell = start + bins[rows[index]] * CELL;
      histogram[cell] += first[index];
      histogram[cell + 1] += second[index];
      histogram[cell + 2]++;
    }
  }
  return histogram;
}

/** The rows' gradients side by side, so that each column's pass over them reads memory in order. */
function gatherGradients({ first, second }: Gradients, rows: Int32Array): Gradients {
  const gathered = { first: new Float64Array(rows.length), second: new Float64Array(rows.length) };
  for (let index = 0; index < rows.length; index++) {
    gathered.first[index] = first[rows[index]];
    gathered.second[index] = second[rows[index]];
  }
  return gathered;
}

/** Turns a parent's histogram into that of one child, given the other child's: cheaper than counting rows again. */
export function subtract(parent: Histogram, child: Histogram): Histogram {
  for (let index = 0; index < parent.length; index++) parent[index] -= child[index];
  return parent;
}

/** The sums over all rows of a histogram: every column has them, so the first will do. */
export function sumsOf(table: BinnedTable, histogram: Histogram): NodeSums {
  const sums = { first: 0, second: 0, rows: 0 };
  for (let cell = 0; cell < table.offsets[1] * CELL; cell += CELL) {
    sums.first += histogram[cell];
    sums.second += histogram[cell + 1];
    sums.rows += histogram[cell + 2];
  }
  return sums;
}
