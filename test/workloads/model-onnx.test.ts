import protobuf from 'protobufjs';
import { beforeAll, expect, test } from 'vitest';
import { CATEGORICAL, type Instance, NUMERIC } from '../../workloads/census/model/features.ts';
import { DEFAULTS } from '../../workloads/census/model/hyperparameters.ts';
import { toOnnx } from '../../workloads/census/model/onnx.ts';
import type { SavedModel } from '../../workloads/census/model/saved-model.ts';
import { trainCensus } from '../../workloads/census/train/train.ts';
import { censusInstances, censusRows, loadTable } from './model-census.ts';

/** The messages of the ONNX format that the export uses, with the field numbers of the ONNX specification. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message ModelProto {
    int64 ir_version = 1; string producer_name = 2; GraphProto graph = 7; repeated OperatorSet opset_import = 8;
  }
  message OperatorSet { string domain = 1; int64 version = 2; }
  message GraphProto {
    repeated NodeProto node = 1; string name = 2; repeated ValueInfo input = 11; repeated ValueInfo output = 12;
  }
  message NodeProto {
    repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4;
    repeated AttributeProto attribute = 5; string domain = 7;
  }
  message AttributeProto {
    string name = 1; float f = 2; int64 i = 3; bytes s = 4; repeated float floats = 7; repeated int64 ints = 8;
    repeated bytes strings = 9; int32 type = 20;
  }
  message ValueInfo { string name = 1; TypeProto type = 2; }
  message TypeProto { Tensor tensor_type = 1; }
  message Tensor { int32 elem_type = 1; Shape shape = 2; }
  message Shape { repeated Dimension dim = 1; }
  message Dimension { int64 dim_value = 1; string dim_param = 2; }
`);

interface Attribute {
  name: string;
  f: number;
  i: number;
  s: string;
  floats: number[];
  ints: number[];
  strings: string[];
  type: number;
}

interface GraphNode {
  input: string[];
  output: string[];
  opType: string;
  domain: string;
  attribute: Attribute[];
}

interface ValueInfo {
  name: string;
  type: { tensorType: { elemType: number; shape: { dim: { dimValue: number; dimParam: string }[] } } };
}

interface Model {
  irVersion: number;
  opsetImport: { domain: string; version: number }[];
  graph: { node: GraphNode[]; input: ValueInfo[]; output: ValueInfo[] };
}

function decode(onnx: Buffer): Model {
  const type = root.lookupType('ModelProto');
  return type.toObject(type.decode(onnx), {
    longs: Number,
    defaults: true,
    arrays: true,
    bytes: String,
  }) as Model;
}

/** What attribute types 1, 2, 3, 6, 7 and 8 of the specification hold. */
function attributesOf({ attribute }: GraphNode): Record<string, Attribute> {
  for (const { name, type, ...values } of attribute) {
    const field = { 1: 'f', 2: 'i', 3: 's', 6: 'floats', 7: 'ints', 8: 'strings' }[type];
    const filled = Object.entries(values).filter(([, value]) =>
      Array.isArray(value) ? value.length : value,
    );
    expect(
      filled.every(([key]) => key === field),
      `${name} of type ${type}`,
    ).toBe(true);
  }
  return Object.fromEntries(attribute.map((each) => [each.name, each]));
}

const text = (base64: string) => Buffer.from(base64, 'base64').toString('utf8');

type Value = (number | string)[];

/** The operators of the graph for one row, in single precision, as the ONNX specification describes them. */
const OPERATORS: Record<string, (inputs: Value[], attributes: Record<string, Attribute>) => Value> = {
  Concat: (inputs, { axis }) => {
    expect(axis.i).toBe(1);
    return inputs.flat();
  },
  Sigmoid: ([[score]]) => [1 / (1 + Math.exp(-score))],
  LabelEncoder: ([[value]], { keys_strings, values_floats, default_float }) => {
    const index = keys_strings.strings.map(text).indexOf(String(value));
    return [index < 0 ? default_float.f : values_floats.floats[index]];
  },
  TreeEnsembleRegressor: ([features], attributes) => {
    const trees = treesOf(attributes);
    let score = attributes.base_values.floats[0];
    for (const nodes of trees.values()) {
      let node = nodes.get(0);
      while (node?.mode === 'BRANCH_LEQ') {
        node = nodes.get(Number(features[node.feature]) <= node.value ? node.whenTrue : node.whenFalse);
      }
      expect(node?.mode).toBe('LEAF');
      score = Math.fround(score + (node?.weight ?? Number.NaN));
    }
    return [score];
  },
};

interface TreeNode {
  mode: string;
  feature: number;
  value: number;
  whenTrue: number;
  whenFalse: number;
  weight?: number;
}

const treeCache = new WeakMap<object, Map<number, Map<number, TreeNode>>>();

function treesOf(attributes: Record<string, Attribute>): Map<number, Map<number, TreeNode>> {
  const cached = treeCache.get(attributes);
  if (cached) return cached;
  const trees = new Map<number, Map<number, TreeNode>>();
  attributes.nodes_treeids.ints.forEach((tree, index) => {
    if (!trees.has(tree)) trees.set(tree, new Map());
    trees.get(tree)?.set(attributes.nodes_nodeids.ints[index], {
      mode: text(attributes.nodes_modes.strings[index]),
      feature: attributes.nodes_featureids.ints[index],
      value: attributes.nodes_values.floats[index],
      whenTrue: attributes.nodes_truenodeids.ints[index],
      whenFalse: attributes.nodes_falsenodeids.ints[index],
    });
  });
  attributes.target_treeids.ints.forEach((tree, index) => {
    const leaf = trees.get(tree)?.get(attributes.target_nodeids.ints[index]);
    if (leaf) leaf.weight = attributes.target_weights.floats[index];
  });
  treeCache.set(attributes, trees);
  return trees;
}

/** Runs the graph's nodes in their order, which must be an order in which every input is there already. */
function evaluator({ graph }: Model): (instance: Instance) => number {
  const steps = graph.node.map((node) => ({ node, attributes: attributesOf(node) }));
  return (instance) => {
    const values = new Map<string, Value>();
    for (const { name } of graph.input) values.set(name, [instance[name as keyof Instance]]);
    for (const { node, attributes } of steps) {
      const inputs = node.input.map((name) => values.get(name) ?? expect.fail(`${name} is not computed yet`));
      values.set(node.output[0], OPERATORS[node.opType](inputs, attributes));
    }
    return Number(values.get(graph.output[0].name)?.[0]);
  };
}

let model: SavedModel;
let parsed: Model;

beforeAll(async () => {
  model = await trainCensus(await loadTable(censusRows('train')), DEFAULTS);
  parsed = decode(toOnnx(model.ensemble, model.categories));
});

test('the ONNX graph predicts what the model does, from raw columns', async () => {
  const { instances } = await censusInstances('eval');
  const rows = instances.filter((_, index) => index % 8 === 0);
  const predictOnnx = evaluator(parsed);
  const difference = rows.map((row) => Math.abs(predictOnnx(row) - model.predict(row)));
  expect(Math.max(...difference)).toBeLessThanOrEqual(1e-6);
});

test('the ONNX graph takes an unknown category as the model does', async () => {
  const { instances } = await censusInstances('eval');
  const odd = instances
    .slice(0, 20)
    .map((row) => ({ ...row, occupation: 'Astronaut', native_country: 'Mars' }));
  const predictOnnx = evaluator(parsed);
  for (const row of odd) expect(Math.abs(predictOnnx(row) - model.predict(row))).toBeLessThanOrEqual(1e-6);
});

test('the ONNX graph declares its columns and its operator sets', () => {
  expect(parsed.irVersion).toBe(8);
  expect(parsed.opsetImport).toEqual([
    { domain: '', version: 17 },
    { domain: 'ai.onnx.ml', version: 3 },
  ]);
  const described = [...parsed.graph.input, ...parsed.graph.output].map(({ name, type: { tensorType } }) => [
    name,
    tensorType.elemType,
    tensorType.shape.dim.map(({ dimValue, dimParam }) => dimParam || dimValue),
  ]);
  const [float, string] = [1, 8];
  expect(described).toEqual([
    ...NUMERIC.map((name) => [name, float, ['rows', 1]]),
    ...CATEGORICAL.map((name) => [name, string, ['rows', 1]]),
    ['probability', float, ['rows', 1]],
  ]);
});
