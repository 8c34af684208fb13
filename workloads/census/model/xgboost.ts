import type { Ensemble } from './boosting.ts';
import { FEATURES } from './features.ts';
import type { Tree } from './tree.ts';

/** The file name that Vertex AI's prebuilt XGBoost containers look for. */
export const XGBOOST_FILE = 'model.bst';

/** XGBoost's mark for "the root has no parent". */
const NO_PARENT = 2 ** 31 - 1;

/**
 * The ensemble as an XGBoost model in its JSON format, objective `binary:logistic`. Its inputs are the encoded
 * features in the order of `FEATURES`: whoever calls it must have turned categories into ranks.
 */
export function toXgboost(ensemble: Ensemble): string {
  const width = FEATURES.length;
  return stringify({
    version: [1, 7, 4],
    learner: {
      attributes: {},
      feature_names: FEATURES,
      feature_types: FEATURES.map(() => 'float'),
      gradient_booster: {
        name: 'gbtree',
        model: {
          gbtree_model_param: { num_parallel_tree: '1', num_trees: String(ensemble.trees.length) },
          tree_info: ensemble.trees.map(() => 0),
          trees: ensemble.trees.map((tree, id) => xgboostTree(tree, id, width)),
        },
      },
      learner_model_param: {
        // XGBoost reads at most nine significant digits here; a longer number silently becomes 0.5.
        base_score: (1 / (1 + Math.exp(-ensemble.base))).toExponential(8),
        boost_from_average: '0',
        num_class: '0',
        num_feature: String(width),
        num_target: '1',
      },
      objective: { name: 'binary:logistic', reg_loss_param: { scale_pos_weight: '1' } },
    },
  });
}

/** A list that XGBoost's parser accepts only with a decimal exponent: it refuses `0` where it expects a float. */
class Floats {
  readonly #values: number[];

  constructor(values: number[]) {
    this.#values = values;
  }

  toJSON(): string {
    return `floats:${this.#values.map((value) => value.toExponential()).join()}`;
  }
}

function stringify(model: object): string {
  return JSON.stringify(model).replace(/"floats:([^"]*)"/g, '[$1]');
}

function xgboostTree(tree: Tree, id: number, width: number): object {
  const zeros = tree.feature.map(() => 0);
  return {
    id,
    tree_param: {
      num_deleted: '0',
      num_feature: String(width),
      num_nodes: String(tree.feature.length),
      size_leaf_vector: '1',
    },
    left_children: tree.left,
    right_children: tree.right,
    parents: parentsOf(tree),
    split_indices: tree.feature,
    split_conditions: new Floats(
      tree.threshold.map((threshold, node) =>
        tree.left[node] < 0 ? tree.value[node] : nextFloat(threshold),
      ),
    ),
    split_type: zeros,
    default_left: zeros,
    categories: [],
    categories_nodes: [],
    categories_segments: [],
    categories_sizes: [],
    // Training statistics: the format demands them, predictions don't read them.
    base_weights: new Floats(zeros),
    loss_changes: new Floats(zeros),
    sum_hessian: new Floats(zeros.map(() => 1)),
  };
}

function parentsOf(tree: Tree): number[] {
  const parents = tree.feature.map(() => NO_PARENT);
  tree.left.forEach((left, node) => {
    if (left < 0) return;
    parents[left] = node;
    parents[tree.right[node]] = node;
  });
  return parents;
}

/** The next single-precision number up: XGBoost goes left on `x < split` where these trees go on `x <= split`. */
function nextFloat(value: number): number {
  const float = new Float32Array([value]);
  const bits = new Int32Array(float.buffer);
  if (float[0] === 0) bits[0] = 1;
  else bits[0] += float[0] > 0 ? 1 : -1;
  return float[0];
}
