import type { BinnedTable } from './binning.ts';
import type { Collective } from './collective.ts';
import type { Gradients } from './gradients.ts';
import { type Histogram, histogramOf, type NodeSums, subtract, sumsOf } from './histogram.ts';
import type { Hyperparameters } from './hyperparameters.ts';
import { bestSplit, type Split } from './split.ts';

/**
 * A binary tree as parallel arrays, one place per node, the root first. An inner node sends `x <= threshold` of
 * its feature left; a leaf has -1 for both children. Children come after their parent.
 */
export interface Tree {
  feature: number[];
  threshold: number[];
  left: number[];
  right: number[];
  value: number[];
}

/** A grown tree, and which rows ended in which of its leaves. */
export interface GrownTree {
  tree: Tree;
  leaves: { node: number; rows: Int32Array }[];
}

/** A node that may yet be split: the rows of it that this replica holds, and sums over those of all replicas. */
interface Leaf {
  node: number;
  rows: Int32Array;
  sums: NodeSums;
  histogram: Histogram;
  split: Split | undefined;
}

/** Keeps a leaf's value finite when its rows have no curvature left. */
const EPSILON = 1e-15;

/**
 * Grows one regression tree on the gradients, leaf by leaf: always the leaf whose best cut gains most. Replicas
 * each hold some of the rows; all see the histograms of all rows, and so grow the same tree.
 *
 * @param rows the rows to learn from, of those that this replica holds; they are reordered
 */
export async function growTree(
  table: BinnedTable,
  gradients: Gradients,
  rows: Int32Array,
  parameters: Hyperparameters,
  collective: Collective,
): Promise<GrownTree> {
  const tree: Tree = { feature: [], threshold: [], left: [], right: [], value: [] };
  const scratch = new Int32Array(rows.length);

  const histogramOfAll = async (rows: Int32Array): Promise<Histogram> => {
    const histogram = histogramOf(table, gradients, rows);
    await collective.sum(histogram);
    return histogram;
  };
  const openLeaf = (rows: Int32Array, sums: NodeSums, histogram: Histogram): Leaf => {
    const split = bestSplit(table, histogram, sums, parameters);
    return { node: addNode(tree), rows, sums, histogram, split };
  };

  const whole = await histogramOfAll(rows);
  const leaves = [openLeaf(rows, sumsOf(table, whole), whole)];
  while (leaves.length < parameters.leaves) {
    const parent = mostPromising(leaves);
    if (!parent?.split) break;
    const { split } = parent;
    const [leftRows, rightRows] = partition(parent.rows, table.bins[split.column], split.bin, scratch);
    const leftIsSmaller = split.left.rows < split.right.rows;
    const smaller = await histogramOfAll(leftIsSmaller ? leftRows : rightRows);
    const larger = subtract(parent.histogram, smaller);
    const left = openLeaf(leftRows, split.left, leftIsSmaller ? smaller : larger);
    const right = openLeaf(rightRows, split.right, leftIsSmaller ? larger : smaller);
    tree.feature[parent.node] = split.column;
    tree.threshold[parent.node] = table.cuts[split.column][split.bin];
    tree.left[parent.node] = left.node;
    tree.right[parent.node] = right.node;
    leaves.splice(leaves.indexOf(parent), 1, left, right);
  }
  for (const { node, sums } of leaves) {
    tree.value[node] = (-parameters.learningRate * sums.first) / (sums.second + parameters.lambda + EPSILON);
  }
  return { tree, leaves };
}

/** The value of the leaf that an encoded row ends in. */
export function leafValue(tree: Tree, featureValue: (feature: number) => number): number {
  let node = 0;
  while (tree.left[node] >= 0) {
    node = featureValue(tree.feature[node]) <= tree.threshold[node] ? tree.left[node] : tree.right[node];
  }
  return tree.value[node];
}

function addNode(tree: Tree): number {
  tree.feature.push(0);
  tree.threshold.push(0);
  tree.left.push(-1);
  tree.right.push(-1);
  return tree.value.push(0) - 1;
}

function mostPromising(leaves: Leaf[]): Leaf | undefined {
  let best: Leaf | undefined;
  for (const leaf of leaves) {
    if (leaf.split && leaf.split.gain > (best?.split?.gain ?? 0)) best = leaf;
  }
  return best;
}

/** Moves the rows of the lower bins to the front. Both sides keep their order, so memory is read in order. */
function partition(
  rows: Int32Array,
  bins: Uint8Array,
  lastLeftBin: number,
  scratch: Int32Array,
): [left: Int32Array, right: Int32Array] {
  let left = 0;
  let right = 0;
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index];
    if (bins[row] <= lastLeftBin) rows[left++] = row;
    else scratch[right++] = row;
  }
  rows.set(scratch.subarray(0, right), left);
  return [rows.subarray(0, left), rows.subarray(left)];
}
