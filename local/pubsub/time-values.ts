import type { google } from '@google-cloud/pubsub/build/protos/protos.js';
import { z } from 'zod';

/** protobufjs gives 64-bit numbers as numbers, decimal strings or Long objects. */
export const Int64 = z
  .custom<number | string | object>((value) => ['number', 'string', 'object'].includes(typeof value))
  .transform((value) => Number(String(value)));

const SecondsAndNanos = z
  .object({ seconds: Int64.nullish(), nanos: z.number().nullish() })
  .transform(({ seconds, nanos }) => (seconds ?? 0) * 1000 + (nanos ?? 0) / 1e6);

/** A google.protobuf.Duration, from gRPC (`{ seconds, nanos }`) or proto JSON (`"600s"`), in milliseconds. */
export const DurationMs = z.union([
  z
    .string()
    .regex(/^\d+(\.\d{1,9})?s$/, 'expected a duration such as "600s"')
    .transform((text) => Number(text.slice(0, -1)) * 1000),
  SecondsAndNanos,
]);

/** A google.protobuf.Timestamp, from gRPC or as an RFC 3339 string, in milliseconds since the epoch. */
export const TimestampMs = z.union([
  z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
  SecondsAndNanos,
]);

/** Milliseconds as the message that google.protobuf.Duration and google.protobuf.Timestamp share. */
export function secondsAndNanos(milliseconds: number): google.protobuf.IDuration {
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanos: Math.round((milliseconds - seconds * 1000) * 1e6) };
}

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
