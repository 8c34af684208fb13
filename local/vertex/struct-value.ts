import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';

type Value = google.protobuf.IValue;

/** A JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A `google.protobuf.Value` as JSON. Numbers are doubles in both, so each keeps all its bits. */
export function toJson(value: Value): Json {
  if (value.structValue) {
    const fields = Object.entries(value.structValue.fields ?? {});
    return Object.fromEntries(fields.map(([key, field]) => [key, toJson(field)]));
  }
  if (value.listValue) return (value.listValue.values ?? []).map(toJson);
  // Unset members of the oneof have their defaults by the prototype, so the set one is asked for by name.
  if (Object.hasOwn(value, 'numberValue')) return value.numberValue ?? null;
  if (Object.hasOwn(value, 'stringValue')) return value.stringValue ?? null;
  if (Object.hasOwn(value, 'boolValue')) return value.boolValue ?? null;
  return null;
}

export function fromJson(json: Json): Value {
  if (json === null) return { nullValue: 'NULL_VALUE' };
  if (typeof json === 'number') return { numberValue: json };
  if (typeof json === 'string') return { stringValue: json };
  if (typeof json === 'boolean') return { boolValue: json };
  if (Array.isArray(json)) return { listValue: { values: json.map(fromJson) } };
  const fields = Object.fromEntries(Object.entries(json).map(([key, field]) => [key, fromJson(field)]));
  return { structValue: { fields } };
}
