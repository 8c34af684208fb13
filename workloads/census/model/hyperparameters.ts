/** What a training may be tuned by. */
export interface Hyperparameters {
  /** Boosting rounds: one tree each. */
  trees: number;
  /** How much of each tree's correction is applied. */
  learningRate: number;
  /** The most leaves that a tree grows. */
  leaves: number;
  /** The fewest rows that a leaf may hold. */
  minLeaf: number;
  /** L2 regularisation of the leaves' values. */
  lambda: number;
  /** The share of rows that each tree learns from, above 0 and up to 1. */
  rowSample: number;
  /** Chooses the rows when `rowSample` is below 1. */
  seed: number;
}

/** The defaults of LightGBM and scikit-learn where these agree; one hundred trees. */
export const DEFAULTS: Hyperparameters = {
  trees: 100,
  learningRate: 0.1,
  leaves: 31,
  minLeaf: 20,
  lambda: 1,
  rowSample: 1,
  seed: 1,
};
