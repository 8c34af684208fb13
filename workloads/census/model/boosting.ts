import { binTable } from './binning.ts';
import type { Gradients } from './histogram.ts';
import type { Hyperparameters } from './hyperparameters.ts';
import { growTree, leafValue, type Tree } from './tree.ts';

/** A sum of trees on top of a constant; the score is the log odds of the positive class. */
export interface Ensemble {
  base: number;
  trees: Tree[];
}

/**
 * Trains gradient-boosted trees for a yes/no label by log loss. The same columns, labels and parameters give the
 * same bits, on any machine.
 *
 * @param columns single-precision features, one array per column, without NaN
 * @param labels 1 for a positive row, else 0
 * @param onRound called with the number of trees so far and the training log loss (nats), from 0 trees on
 * @throws RangeError when the labels are all alike: the log odds would be infinite
 */
export function trainEnsemble(
  columns: Float32Array[],
  labels: Uint8Array,
  parameters: Hyperparameters,
  onRound: (trees: number, logLoss: number) => void = () => {},
): Ensemble {
  const positives = labels.reduce((sum, label) => sum + label, 0);
  if (positives === 0 || positives === labels.length) throw new RangeError('the labels are all alike');
  const table = binTable(columns);
  const ensemble: Ensemble = { base: Math.log(positives / (labels.length - positives)), trees: [] };
  const scores = new Float64Array(labels.length).fill(ensemble.base);
  const random = mulberry32(parameters.seed);
  onRound(0, meanLogLoss(scores, labels));
  while (ensemble.trees.length < parameters.trees) {
    const { drawn, rest } = sampleRows(labels.length, parameters.rowSample, random);
    const { tree, leaves } = growTree(table, gradientsOf(scores, labels), drawn, parameters);
    ensemble.trees.push(tree);
    for (const { node, rows } of leaves) addTo(scores, rows, () => tree.value[node]);
    addTo(scores, rest, (row) => leafValue(tree, (feature) => columns[feature][row]));
    onRound(ensemble.trees.length, meanLogLoss(scores, labels));
  }
  return ensemble;
}

/** The probability of the positive class for one encoded row. */
export function predictEncoded(ensemble: Ensemble, row: Float32Array): number {
  let score = ensemble.base;
  for (const tree of ensemble.trees) score += leafValue(tree, (feature) => row[feature]);
  return sigmoid(score);
}

function sigmoid(score: number): number {
  return 1 / (1 + Math.exp(-score));
}

function gradientsOf(scores: Float64Array, labels: Uint8Array): Gradients {
  const gradients = { first: new Float64Array(scores.length), second: new Float64Array(scores.length) };
  for (let row = 0; row < scores.length; row++) {
    const probability = sigmoid(scores[row]);
    gradients.first[row] = probability - labels[row];
    gradients.second[row] = probability * (1 - probability);
  }
  return gradients;
}

/** Computed from the score, not the probability, so that a very sure and wrong row costs much but not infinity. */
function meanLogLoss(scores: Float64Array, labels: Uint8Array): number {
  let sum = 0;
  for (let row = 0; row < scores.length; row++) {
    const score = scores[row];
    sum += Math.max(score, 0) - score * labels[row] + Math.log1p(Math.exp(-Math.abs(score)));
  }
  return sum / scores.length;
}

function addTo(scores: Float64Array, rows: Int32Array, correction: (row: number) => number): void {
  for (let index = 0; index < rows.length; index++) scores[rows[index]] += correction(rows[index]);
}

/** The rows that the next tree learns from, and the others. */
function sampleRows(rows: number, share: number, random: () => number) {
  const drawn: number[] = [];
  const rest: number[] = [];
  for (let row = 0; row < rows; row++) (share >= 1 || random() < share ? drawn : rest).push(row);
  return { drawn: Int32Array.from(drawn), rest: Int32Array.from(rest) };
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
