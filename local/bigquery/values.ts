import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { TableField } from '../boundaries.ts';

/** A cell of a REST row: `{v: text}`, `{v: [cells]}` or `{v: {f: [cells]}}`. */
export type Cell = { v: null | string | Cell[] | { f: Cell[] } };

/** How a request asks for TIMESTAMP cells (`formatOptions`). */
export type TimestampFormat = 'FLOAT64' | 'INT64' | 'ISO8601_STRING';

/** A value as `tabledata.list` and `getQueryResults` write it. */
export function restCell(value: DuckDBValue, field: TableField, format: TimestampFormat): Cell {
  if (value instanceof DuckDBListValue) {
    const element = { ...field, mode: 'NULLABLE' };
    return { v: value.items.map((item) => restCell(item, element, format)) };
  }
  if (value === null) return { v: field.mode === 'REPEATED' ? [] : null };
  if (value instanceof DuckDBStructValue) {
    const members = field.fields ?? [];
    return { v: { f: members.map((member) => restCell(value.entries[member.name], member, format)) } };
  }
  if (value instanceof DuckDBTimestampTZValue) return { v: timestampText(value.micros, format) };
  return { v: scalarText(value) };
}

/** A value as plain JSON: numbers where they are exact, text otherwise. */
export function plainValue(value: DuckDBValue): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value;
  if (value instanceof DuckDBListValue) return value.items.map(plainValue);
  if (value instanceof DuckDBStructValue) {
    return Object.fromEntries(
      Object.entries(value.entries).map(([name, entry]) => [name, plainValue(entry)]),
    );
  }
  if (value instanceof DuckDBTimestampTZValue) return timestampText(value.micros, 'ISO8601_STRING');
  if (typeof value === 'bigint' && value === BigInt(Number(value)) && Number.isSafeInteger(Number(value))) {
    return Number(value);
  }
  return scalarText(value);
}

function scalarText(value: DuckDBValue): string {
  if (value instanceof DuckDBTimestampValue) return isoDateTime(value.micros);
  if (value instanceof DuckDBDateValue) return value.toString();
  if (value instanceof DuckDBDecimalValue) return value.toString().replace(/\.?0+$/, '');
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString('base64');
  return String(value);
}

function timestampText(micros: bigint, format: TimestampFormat): string {
  if (format === 'INT64') return micros.toString();
  if (format === 'ISO8601_STRING') return `${isoDateTime(micros)}Z`;
  return (Number(micros) / 1e6).toString();
}

/** `2026-11-22T18:00:00`, with microseconds when there are any. */
function isoDateTime(micros: bigint): string {
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = new Date(Number((micros - fraction) / 1000n)).toISOString().slice(0, 19);
  return fraction === 0n ? seconds : `${seconds}.${fraction.toString().padStart(6, '0')}`;
}
