import type { Ensemble } from './boosting.ts';
import { type Categories, UNKNOWN_RANK } from './encoding.ts';
import { CATEGORICAL, type CategoricalColumn, NUMERIC } from './features.ts';
import { type Attribute, type Node, writeOnnx } from './onnx-writer.ts';

export const ONNX_FILE = 'model.onnx';

/**
 * The whole model as one ONNX graph: raw columns in (numbers as floats, categories as strings, each of shape
 * [rows, 1]), the probability of the positive class out. No encoding is left to the caller.
 */
export function toOnnx(ensemble: Ensemble, categories: Categories): Buffer {
  return writeOnnx({
    name: 'census',
    inputs: [
      ...NUMERIC.map((name) => ({ name, type: 'float' as const })),
      ...CATEGORICAL.map((name) => ({ name, type: 'string' as const })),
    ],
    nodes: [
      ...CATEGORICAL.map((column) => rankNode(column, categories[column])),
      {
        op: 'Concat',
        domain: '',
        inputs: [...NUMERIC, ...CATEGORICAL.map(rankOf)],
        output: 'features',
        attributes: { axis: { int: 1 } },
      },
      {
        op: 'TreeEnsembleRegressor',
        domain: 'ai.onnx.ml',
        inputs: ['features'],
        output: 'score',
        attributes: treeAttributes(ensemble),
      },
      { op: 'Sigmoid', domain: '', inputs: ['score'], output: 'probability' },
    ],
    outputs: [{ name: 'probability', type: 'float' }],
  });
}

function rankOf(column: CategoricalColumn): string {
  return `${column}_rank`;
}

function rankNode(column: CategoricalColumn, values: string[]): Node {
  return {
    op: 'LabelEncoder',
    domain: 'ai.onnx.ml',
    inputs: [column],
    output: rankOf(column),
    attributes: {
      keys_strings: { strings: values },
      values_floats: { floats: values.map((_, rank) => rank) },
      default_float: { float: UNKNOWN_RANK },
    },
  };
}

/** All trees' nodes in one list, as the operator wants them: parallel arrays, a node named by tree and number. */
function treeAttributes({ base, trees }: Ensemble): Record<string, Attribute> {
  const nodes = trees.flatMap((tree, treeId) =>
    tree.feature.map((feature, nodeId) => ({
      treeId,
      nodeId,
      feature,
      isLeaf: tree.left[nodeId] < 0,
      threshold: tree.threshold[nodeId],
      left: Math.max(tree.left[nodeId], 0),
      right: Math.max(tree.right[nodeId], 0),
      value: tree.value[nodeId],
    })),
  );
  const leaves = nodes.filter((node) => node.isLeaf);
  return {
    n_targets: { int: 1 },
    aggregate_function: { string: 'SUM' },
    post_transform: { string: 'NONE' },
    base_values: { floats: [base] },
    nodes_treeids: { ints: nodes.map((node) => node.treeId) },
    nodes_nodeids: { ints: nodes.map((node) => node.nodeId) },
    nodes_featureids: { ints: nodes.map((node) => node.feature) },
    nodes_modes: { strings: nodes.map((node) => (node.isLeaf ? 'LEAF' : 'BRANCH_LEQ')) },
    nodes_values: { floats: nodes.map((node) => node.threshold) },
    nodes_truenodeids: { ints: nodes.map((node) => node.left) },
    nodes_falsenodeids: { ints: nodes.map((node) => node.right) },
    target_treeids: { ints: leaves.map((leaf) => leaf.treeId) },
    target_nodeids: { ints: leaves.map((leaf) => leaf.nodeId) },
    target_ids: { ints: leaves.map(() => 0) },
    target_weights: { floats: leaves.map((leaf) => leaf.value) },
  };
}
