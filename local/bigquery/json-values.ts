import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { TableField } from '../boundaries.ts';
import { invalid } from './errors.ts';

type OnUnknown = 'refuse' | 'ignore';

/**
 * One row's values in the order of the table's columns.
 *
 * @param row the row as JSON gives it
 * @throws `invalid`, naming the field and why its value can't be stored
 */
export function storedRow(row: unknown, fields: TableField[], onUnknown: OnUnknown): DuckDBValue[] {
  if (!isObject(row)) throw invalid('Start of a JSON object expected');
  return storedMembers(row, fields, onUnknown, '');
}

function storedMembers(
  row: object,
  fields: TableField[],
  onUnknown: OnUnknown,
  prefix: string,
): DuckDBValue[] {
  const given = new Map(Object.entries(row).map(([name, value]) => [name.toLowerCase(), value]));
  const values = fields.map((field) => {
    const name = field.name.toLowerCase();
    const value: unknown = given.get(name) ?? null;
    given.delete(name);
    return storedField(value, field, onUnknown, prefix + field.name);
  });
  if (onUnknown === 'refuse' && given.size > 0) {
    const unknown = Object.keys(row).find((name) => given.has(name.toLowerCase()));
    throw invalid(`No such field: ${prefix}${unknown}.`);
  }
  return values;
}

function storedField(value: unknown, field: TableField, onUnknown: OnUnknown, path: string): DuckDBValue {
  if (field.mode === 'REPEATED') {
    if (value === null) return new DuckDBListValue([]);
    if (!Array.isArray(value))
      throw invalid(`Array specified for non-repeated field or value is no array: ${path}.`);
    const element = { ...field, mode: 'REQUIRED' };
    return new DuckDBListValue(value.map((item) => storedField(item, element, onUnknown, path)));
  }
  if (value === null) {
    if (field.mode === 'REQUIRED') throw invalid(`Missing required field: ${path}.`);
    return null;
  }
  if (Array.isArray(value) && field.type !== 'JSON')
    throw invalid(`Array specified for non-repeated field: ${path}.`);
  if (field.type === 'RECORD') {
    if (!isObject(value)) throw invalid(`This field: ${path} is a record.`);
    const members = field.fields ?? [];
    const values = storedMembers(value, members, onUnknown, `${path}.`);
    return new DuckDBStructValue(
      Object.fromEntries(members.map((member, index) => [member.name, values[index]])),
    );
  }
  if (field.type === 'JSON') return typeof value === 'string' ? jsonText(value, path) : JSON.stringify(value);
  if (typeof value === 'object') throw invalid(`This field: ${path} is not a record.`);
  const stored = SCALARS[field.type]?.(value);
  if (stored === undefined) {
    throw invalid(
      `Could not convert value to ${field.type.toLowerCase()}. Field: ${path}; Value: ${String(value)}`,
    );
  }
  return stored;
}

/** Each type's reading of a JSON scalar; `undefined` for a value that is none of the type's. */
const SCALARS: Record<string, (value: unknown) => DuckDBValue | undefined> = {
  STRING: (value) => String(value),
  INTEGER: integer,
  FLOAT: float,
  BOOLEAN: boolean,
  BYTES: (value) =>
    typeof value === 'string' && /^[\w+/-]*=*$/.test(value)
      ? new DuckDBBlobValue(Buffer.from(value, 'base64'))
      : undefined,
  NUMERIC: (value) => decimal(value, 9),
  BIGNUMERIC: (value) => decimal(value, 18),
  TIMESTAMP: (value) => {
    const micros = typeof value === 'number' ? BigInt(Math.round(value * 1e6)) : dateTimeMicros(value, true);
    return micros === undefined ? undefined : new DuckDBTimestampTZValue(micros);
  },
  DATETIME: (value) => {
    const micros = dateTimeMicros(value, false);
    return micros === undefined ? undefined : new DuckDBTimestampValue(micros);
  },
  DATE: (value) => {
    const micros = /^\d{4}-\d{1,2}-\d{1,2}$/.test(String(value)) ? dateTimeMicros(value, false) : undefined;
    return micros === undefined ? undefined : new DuckDBDateValue(Number(micros / MICROS_PER_DAY));
  },
  TIME: (value) => {
    const micros = dateTimeMicros(`1970-01-01 ${value}`, false);
    return micros === undefined ? undefined : new DuckDBTimeValue(micros);
  },
};

const MICROS_PER_DAY = 86_400_000_000n;
const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

function integer(value: unknown): bigint | undefined {
  const isInteger =
    typeof value === 'number' ? Number.isInteger(value) : /^\s*[+-]?\d+\s*$/.test(String(value));
  if (typeof value === 'boolean' || !isInteger) return undefined;
  const number = BigInt(typeof value === 'number' ? value : String(value).trim().replace('+', ''));
  return number < INT64.min || number > INT64.max ? undefined : number;
}

function float(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  const special = {
    nan: Number.NaN,
    inf: Infinity,
    infinity: Infinity,
    '-inf': -Infinity,
    '-infinity': -Infinity,
  };
  if (text.toLowerCase() in special) return special[text.toLowerCase() as keyof typeof special];
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function boolean(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  const text = String(value).toLowerCase();
  if (['true', 't', 'yes', 'y', '1'].includes(text)) return true;
  return ['false', 'f', 'no', 'n', '0'].includes(text) ? false : undefined;
}

function decimal(value: unknown, scale: number): DuckDBDecimalValue | undefined {
  const match = /^\s*([+-]?)(\d*)(?:\.(\d*))?\s*$/.exec(String(value));
  if (typeof value === 'boolean' || !match || !(match[2] || match[3])) return undefined;
  const fraction = match[3] ?? '';
  if (fraction.length > scale || match[2].length > 38 - scale) return undefined;
  const digits = BigInt(`${match[2]}${fraction.padEnd(scale, '0')}` || '0');
  return new DuckDBDecimalValue(match[1] === '-' ? -digits : digits, 38, scale);
}

/** Microseconds since the epoch of `2026-11-22[T ]18:00:00[.123456][Z|+01:00| UTC]`. */
function dateTimeMicros(value: unknown, withZone: boolean): bigint | undefined {
  const match =
    /^\s*(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt ](\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?)?\s*(Z|z|UTC|[+-]\d{1,2}(?::?\d{2})?)?\s*$/.exec(
      String(value),
    );
  if (!match || (match[8] && !withZone)) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0));
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const exists = date.getUTCDate() === day && date.getUTCHours() === hour && minute < 60 && second < 60;
  if (!exists) return undefined;
  return BigInt(date.getTime()) * 1000n + BigInt((match[7] ?? '').padEnd(6, '0')) - zoneMicros(match[8]);
}

function zoneMicros(zone: string | undefined): bigint {
  const match = /^([+-])(\d{1,2}):?(\d{2})?$/.exec(zone ?? '');
  if (!match) return 0n;
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0);
  return BigInt(match[1] === '-' ? -minutes : minutes) * 60_000_000n;
}

function jsonText(value: string, path: string): string {
  try {
    JSON.parse(value);
    return value;
  } catch {
    throw invalid(`Could not parse JSON value. Field: ${path}; Value: ${value}`);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
