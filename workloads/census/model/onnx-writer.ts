import { float, int64, message, packedFloat, packedInt64, string } from './protobuf.ts';

/** The field numbers are those of onnx.proto, where ModelProto, GraphProto, NodeProto and so on are defined. */
export type Attribute =
  | { float: number }
  | { int: number }
  | { string: string }
  | { floats: number[] }
  | { ints: number[] }
  | { strings: string[] };

export interface Node {
  op: string;
  /** Empty for ONNX's own operators, `ai.onnx.ml` for the classical-learning ones. */
  domain: '' | 'ai.onnx.ml';
  inputs: string[];
  output: string;
  attributes?: Record<string, Attribute>;
}

/** A graph input or output: a column of as many rows as the caller has. */
export interface Column {
  name: string;
  type: 'float' | 'string';
}

const ELEMENT_TYPE = { float: 1, string: 8 } as const;
const IR_VERSION = 8;
const OPERATOR_SETS = [
  { domain: '', version: 17 },
  { domain: 'ai.onnx.ml', version: 3 },
];

/** Encodes a graph as a ModelProto, the content of an `.onnx` file. */
export function writeOnnx(graph: {
  name: string;
  nodes: Node[];
  inputs: Column[];
  outputs: Column[];
}): Buffer {
  return Buffer.concat([
    int64(1, IR_VERSION),
    string(2, 'baton'),
    message(
      7,
      ...graph.nodes.map((node) => message(1, ...nodeFields(node))),
      string(2, graph.name),
      ...graph.inputs.map((column) => message(11, ...columnFields(column))),
      ...graph.outputs.map((column) => message(12, ...columnFields(column))),
    ),
    ...OPERATOR_SETS.map(({ domain, version }) => message(8, string(1, domain), int64(2, version))),
  ]);
}

function nodeFields({ op, domain, inputs, output, attributes = {} }: Node): Buffer[] {
  return [
    ...inputs.map((input) => string(1, input)),
    string(2, output),
    string(3, output),
    string(4, op),
    ...Object.entries(attributes).map(([name, value]) =>
      message(5, string(1, name), ...attributeFields(value)),
    ),
    string(7, domain),
  ];
}

/** An attribute's value and its type, which the format wants spelt out. */
function attributeFields(attribute: Attribute): Buffer[] {
  const typed = (type: number, ...value: Buffer[]) => [...value, int64(20, type)];
  if ('float' in attribute) return typed(1, float(2, attribute.float));
  if ('int' in attribute) return typed(2, int64(3, attribute.int));
  if ('string' in attribute) return typed(3, string(4, attribute.string));
  if ('floats' in attribute) return typed(6, packedFloat(7, attribute.floats));
  if ('ints' in attribute) return typed(7, packedInt64(8, attribute.ints));
  return typed(8, ...attribute.strings.map((value) => string(9, value)));
}

function columnFields({ name, type }: Column): Buffer[] {
  const shape = [message(1, string(2, 'rows')), message(1, int64(1, 1))];
  return [string(1, name), message(2, message(1, int64(1, ELEMENT_TYPE[type]), message(2, ...shape)))];
}
