import { protosOf } from './protos.ts';

/** A `google.protobuf.Any` in the shape protobufjs gives it. */
export interface Any {
  type_url: string;
  value: Uint8Array;
}

/**
 * Packs a message, as an operation's `metadata` and `response` want it.
 * `protos` is the npm package, `type` the full message name (`google.cloud.aiplatform.v1.Model`).
 * Throws when no module has loaded a file that defines the type.
 */
export function packAny(protos: string, type: string, value: object): Any {
  const message = protosOf(protos).type(type);
  return {
    type_url: `type.googleapis.com/${type}`,
    value: message.encode(message.fromObject({ ...value })).finish(),
  };
}

/** The message in an `Any`, decoded. Throws as `packAny` does, and on bytes that are not such a message. */
export function unpackAny(protos: string, any: Any): object {
  const type = any.type_url.slice(any.type_url.lastIndexOf('/') + 1);
  return protosOf(protos).type(type).decode(any.value);
}
