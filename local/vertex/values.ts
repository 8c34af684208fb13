import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';

type Timestamp = google.protobuf.ITimestamp;
type Int64 = google.protobuf.ITimestamp['seconds'];

/** Now, as a `google.protobuf.Timestamp`. */
export function now(): Timestamp {
  return timestamp(Date.now());
}

export function timestamp(epochMs: number): Timestamp {
  const seconds = Math.floor(epochMs / 1000);
  return { seconds: String(seconds), nanos: Math.round((epochMs - seconds * 1000) * 1e6) };
}

/** A timestamp in milliseconds since the epoch; 0 when unset. */
export function epochMs(time: Timestamp | null | undefined): number {
  return integer(time?.seconds) * 1000 + (time?.nanos ?? 0) / 1e6;
}

/** A duration in milliseconds; `undefined` when unset. */
export function durationMs(duration: google.protobuf.IDuration | null | undefined): number | undefined {
  return duration ? integer(duration.seconds) * 1000 + (duration.nanos ?? 0) / 1e6 : undefined;
}

/** A 64-bit field's value, whichever of its forms it has: a number, decimal text or a Long. */
export function integer(value: Int64): number {
  if (value === null || value === undefined) return 0;
  if (typeof value !== 'object') return Number(value);
  return value.high * 2 ** 32 + (value.low >>> 0);
}

/** `snake_case` as `camelCase`, path by path: field masks and filters may be in either. */
export function camelCase(path: string): string {
  return path.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
