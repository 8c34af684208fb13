/**
 * Just enough of the protobuf wire format to write the two messages that a model needs (ONNX, TensorBoard
 * events). Each function answers one encoded field, or the field's bare content.
 */
const WireType = { VARINT: 0, FIXED64: 1, LENGTH: 2, FIXED32: 5 } as const;

/** A bare variable-length integer; negative numbers take ten bytes, as int64 does. */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

export function int64(field: number, value: number): Buffer {
  return Buffer.concat([tag(field, WireType.VARINT), varint(value)]);
}

export function packedInt64(field: number, values: number[]): Buffer {
  return bytes(field, Buffer.concat(values.map(varint)));
}

export function float(field: number, value: number): Buffer {
  return Buffer.concat([tag(field, WireType.FIXED32), floats([value])]);
}

export function packedFloat(field: number, values: number[]): Buffer {
  return bytes(field, floats(values));
}

export function double(field: number, value: number): Buffer {
  const content = Buffer.alloc(8);
  content.writeDoubleLE(value);
  return Buffer.concat([tag(field, WireType.FIXED64), content]);
}

export function string(field: number, value: string): Buffer {
  return bytes(field, Buffer.from(value, 'utf8'));
}

export function message(field: number, ...fields: Uint8Array[]): Buffer {
  return bytes(field, Buffer.concat(fields));
}

function bytes(field: number, content: Buffer): Buffer {
  return Buffer.concat([tag(field, WireType.LENGTH), varint(content.length), content]);
}

function tag(field: number, wireType: number): Buffer {
  return varint(field * 8 + wireType);
}

function floats(values: number[]): Buffer {
  const content = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    content.writeFloatLE(value, index * 4);
  });
  return content;
}
