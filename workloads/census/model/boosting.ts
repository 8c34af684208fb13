import { z } from 'zod';
import { binTable } from './binning.ts';
import { ALONE, type Collective } from './collective.ts';
import { gradientsOf } from './gradients.ts';
import type { Hyperparameters } from './hyperparameters.ts';
import { growTree, leafValue, type Tree } from './tree.ts';

/** A sum of trees on top of a constant; the score is the log odds of the positive class. */
export interface Ensemble {
  base: number;
  trees: Tree[];
}

/** What each replica tells the others of its rows. */
const Shard = z.object({ rows: z.int(), positives: z.int() });

/**
 * Trains gradient-boosted trees for a yes/no label by log loss. The same rows, labels and parameters give the
 * same bits, on any machine and over any number of replicas.
 *
 * @param columns single-precision features, one array per column, without NaN; of several replicas each gives its
 *   own rows of the table, in the order of their ranks
 * @param labels 1 for a positive row, else 0
 * @param onRound called with the number of trees so far and the training log loss (nats), from 0 trees on
 * @throws RangeError when the labels are all alike: the log odds would be infinite
 */
export async function trainEnsemble(
  columns: Float32Array[],
  labels: Uint8Array,
  parameters: Hyperparameters,
  onRound: (trees: number, logLoss: number) => void = () => {},
  collective: Collective = ALONE,
): Promise<Ensemble> {
  const own = { rows: labels.length, positives: labels.reduce((sum, label) => sum + label, 0) };
  const shards = await collective.gather(Shard, own);
  const tableRows = total(shards.map(({ rows }) => rows));
  const firstRow = total(shards.slice(0, collective.rank).map(({ rows }) => rows));
  const positives = total(shards.map(({ positives }) => positives));
  if (positives === 0 || positives === tableRows) throw new RangeError('the labels are all alike');

  const table = await binTable(columns, collective);
  const ensemble: Ensemble = { base: Math.log(positives / (tableRows - positives)), trees: [] };
  const scores = new Float64Array(labels.length).fill(ensemble.base);
  const random = mulberry32(parameters.seed);
  const endRound = async () => {
    const loss = Float64Array.of(logLoss(scores, labels));
    await collective.sum(loss);
    onRound(ensemble.trees.length, loss[0] / tableRows);
  };
  await endRound();
  while (ensemble.trees.length < parameters.trees) {
    const { drawn, rest } = sampleRows(tableRows, parameters.rowSample, random, firstRow, labels.length);
    const gradients = gradientsOf(scores, labels, tableRows);
    const { tree, leaves } = await growTree(table, gradients, drawn, parameters, collective);
    ensemble.trees.push(tree);
    for (const { node, rows } of leaves) addTo(scores, rows, () => tree.value[node]);
    addTo(scores, rest, (row) => leafValue(tree, (feature) => columns[feature][row]));
    await endRound();
  }
  return ensemble;
}

/** Computed from the score, not the probability, so that a very sure and wrong row costs much but not infinity. */
function logLoss(scores: Float64Array, labels: Uint8Array): number {
  let sum = 0;
  for (let row = 0; row < scores.length; row++) {
    const score = scores[row];
    sum += Math.max(score, 0) - score * labels[row] + Math.log1p(Math.exp(-Math.abs(score)));
  }
  return sum;
}

function addTo(scores: Float64Array, rows: Int32Array, correction: (row: number) => number): void {
  for (let index = 0; index < rows.length; index++) scores[rows[index]] += correction(rows[index]);
}

/**
 * The rows that the next tree learns from, and the others, of those that this replica holds. All replicas draw for
 * all rows of the table, so that a row's luck does not depend on who holds it.
 */
function sampleRows(
  tableRows: number,
  share: number,
  random: () => number,
  firstRow: number,
  ownRows: number,
): { drawn: Int32Array; rest: Int32Array } {
  if (share >= 1)
    return { drawn: Int32Array.from({ length: ownRows }, (_, row) => row), rest: new Int32Array() };
  const drawn: number[] = [];
  const rest: number[] = [];
  for (let row = 0; row < tableRows; row++) {
    const to = random() < share ? drawn : rest;
    if (row >= firstRow && row < firstRow + ownRows) to.push(row - firstRow);
  }
  return { drawn: Int32Array.from(drawn), rest: Int32Array.from(rest) };
}

function total(numbers: number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

/** The mulberry32 generator: uniform in [0, 1), the same sequence everywhere for a seed. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
