import { z } from 'zod';
import { StatusError } from '../status.ts';
import { SEVERITIES, type StoredLogEntry, severityName } from './log-entry.ts';

/** Protobuf's Struct and Value as protobufjs decodes them. */
interface StructMessage {
  fields?: Record<string, ValueMessage>;
}
interface ValueMessage {
  nullValue?: number;
  numberValue?: number;
  stringValue?: string;
  boolValue?: boolean;
  structValue?: StructMessage;
  listValue?: { values?: ValueMessage[] };
}
interface TimestampMessage {
  seconds?: { toString(): string } | number | string | null;
  nanos?: number | null;
}
interface ResourceMessage {
  type?: string | null;
  labels?: Record<string, string> | null;
}

/** `google.logging.v2.LogEntry`, as far as it is kept. */
export interface LogEntryMessage {
  logName?: string;
  resource?: ResourceMessage | null;
  timestamp?: TimestampMessage | null;
  severity?: number;
  insertId?: string;
  labels?: Record<string, string>;
  trace?: string;
  spanId?: string;
  textPayload?: string | null;
  jsonPayload?: StructMessage | null;
  protoPayload?: object | null;
  httpRequest?: object | null;
}

/** What a write request says for all its entries. */
export interface EntryDefaults {
  logName: string;
  resource: ResourceMessage | null | undefined;
  labels: Record<string, string>;
}

const LogName = z.string().regex(/^projects\/[^/]+\/logs\/[^/]+$/);

/** The entry to keep. Throws INVALID_ARGUMENT for a bad log name, UNIMPLEMENTED for a proto payload. */
export function readEntry(message: LogEntryMessage, defaults: EntryDefaults, now: string): EntryToStore {
  const logName = LogName.safeParse(message.logName || defaults.logName);
  if (!logName.success) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      `Invalid log name ${JSON.stringify(message.logName || defaults.logName)}: it must be projects/<project>/logs/<log>.`,
    );
  }
  if (message.protoPayload) {
    throw new StatusError('UNIMPLEMENTED', 'LogEntry.proto_payload is not implemented by the local cloud.');
  }
  const resource = message.resource ?? defaults.resource;
  const labels = { ...defaults.labels, ...message.labels };
  return {
    project: logName.data.split('/')[1]!,
    logName: logName.data,
    timestamp: message.timestamp ? fromTimestamp(message.timestamp) : now,
    receiveTimestamp: now,
    severity: severityName(message.severity ?? 0),
    resource: { type: resource?.type || 'global', labels: { ...resource?.labels } },
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(message.insertId ? { insertId: message.insertId } : {}),
    ...(message.trace ? { trace: message.trace } : {}),
    ...(message.spanId ? { spanId: message.spanId } : {}),
    ...(message.httpRequest ? { httpRequest: JSON.parse(JSON.stringify(message.httpRequest)) } : {}),
    ...(message.jsonPayload ? { jsonPayload: fromStruct(message.jsonPayload) } : {}),
    ...(typeof message.textPayload === 'string' && !message.jsonPayload
      ? { textPayload: message.textPayload }
      : {}),
  };
}

/** An entry that the store has yet to give an insert id, if the writer gave none. */
export type EntryToStore = Omit<StoredLogEntry, 'insertId'> & { insertId?: string };

/** The entry as `google.logging.v2.LogEntry`. */
export function entryMessage(entry: StoredLogEntry): object {
  const { project: _project, severity, timestamp, receiveTimestamp, jsonPayload, ...rest } = entry;
  return {
    ...rest,
    severity: SEVERITIES[severity] ?? 0,
    timestamp: toTimestamp(timestamp),
    receiveTimestamp: toTimestamp(receiveTimestamp),
    ...(jsonPayload ? { jsonPayload: { fields: mapValues(jsonPayload, toValue) } } : {}),
  };
}

/** RFC 3339 with as many digits as the instant needs, so that text sorts as time does to the millisecond. */
function fromTimestamp({ seconds, nanos }: TimestampMessage): string {
  return new Date(Number(String(seconds ?? 0)) * 1000 + Math.floor((nanos ?? 0) / 1e6)).toISOString();
}

function toTimestamp(time: string): { seconds: number; nanos: number } {
  const milliseconds = Date.parse(time);
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanos: (milliseconds - seconds * 1000) * 1e6 };
}

function fromStruct(struct: StructMessage): Record<string, unknown> {
  return mapValues(struct.fields ?? {}, fromValue);
}

function fromValue(value: ValueMessage): unknown {
  if (value.structValue) return fromStruct(value.structValue);
  if (value.listValue) return (value.listValue.values ?? []).map(fromValue);
  const has = (field: keyof ValueMessage) => Object.hasOwn(value, field);
  if (has('stringValue')) return value.stringValue;
  if (has('numberValue')) return value.numberValue;
  return has('boolValue') ? value.boolValue : null;
}

function toValue(value: unknown): ValueMessage {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'number') return { numberValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (Array.isArray(value)) return { listValue: { values: value.map(toValue) } };
  if (typeof value !== 'object' || value === null) return { nullValue: 0 };
  return { structValue: { fields: mapValues(value as Record<string, unknown>, toValue) } };
}

function mapValues<From, To>(record: Record<string, From>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
