import type { Ensemble } from './boosting.ts';
import { sigmoid } from './gradients.ts';

/** Marks a leaf, which compares no feature. */
const LEAF = -1;

/**
 * An ensemble laid out to be walked fast: the nodes of all trees side by side in typed arrays, children by their
 * place among all nodes. Scores add up in the trees' order, so that they are the ensemble's to the last bit.
 */
export class Scorer {
  readonly #base: number;
  /** Each tree's first node. */
  readonly #roots: Int32Array;
  /** Per node, the feature that it compares, or `LEAF`. */
  readonly #features: Int32Array;
  /** Per node, its threshold; of a leaf, its value. */
  readonly #numbers: Float64Array;
  /** Per node, its left child and its right child. */
  readonly #children: Int32Array;

  constructor({ base, trees }: Ensemble) {
    const nodes = trees.reduce((sum, { feature }) => sum + feature.length, 0);
    this.#base = base;
    this.#roots = new Int32Array(trees.length);
    this.#features = new Int32Array(nodes);
    this.#numbers = new Float64Array(nodes);
    this.#children = new Int32Array(2 * nodes);
    let first = 0;
    trees.forEach((tree, index) => {
      this.#roots[index] = first;
      tree.left.forEach((left, node) => {
        const isLeaf = left < 0;
        this.#features[first + node] = isLeaf ? LEAF : tree.feature[node];
        this.#numbers[first + node] = isLeaf ? tree.value[node] : tree.threshold[node];
        this.#children[2 * (first + node)] = first + left;
        this.#children[2 * (first + node) + 1] = first + tree.right[node];
      });
      first += tree.feature.length;
    });
  }

  /** The probability of the positive class for one encoded row. */
  predict(row: Float32Array): number {
    const features = this.#features;
    const numbers = this.#numbers;
    const children = this.#children;
    const roots = this.#roots;
    let score = this.#base;
    for (let tree = 0; tree < roots.length; tree++) {
      let node = roots[tree];
      for (let feature = features[node]; feature !== LEAF; feature = features[node]) {
        node = children[2 * node + (row[feature] <= numbers[node] ? 0 : 1)];
      }
      score += numbers[node];
    }
    return sigmoid(score);
  }
}
