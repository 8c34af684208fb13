import { unsupported } from './filter-tokens.ts';
import { SEVERITIES, type StoredLogEntry } from './log-entry.ts';

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=' | ':' | '=~' | '!~';

const SCALAR_FIELDS = [
  'severity',
  'logName',
  'timestamp',
  'receiveTimestamp',
  'insertId',
  'trace',
  'spanId',
  'textPayload',
];
const MAP_FIELDS = ['labels', 'jsonPayload', 'httpRequest'];

/** Whether entries have such a field. */
export function isFilterableField([field, ...below]: string[]): boolean {
  if (field === 'resource') {
    return below[0] === 'type' ? below.length === 1 : below[0] === 'labels' && below.length === 2;
  }
  if (MAP_FIELDS.includes(field ?? '')) return below.length > 0;
  return SCALAR_FIELDS.includes(field ?? '') && below.length === 0;
}

/** The entry's value at the path; undefined where it has none. */
export function fieldValue(entry: StoredLogEntry, path: string[]): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, part)
        ? (value as Record<string, unknown>)[part]
        : undefined,
    entry,
  );
}

/** The test of a field's value against a filter's. Throws INVALID_ARGUMENT for a value that the field can't have. */
export function compare(path: string[], operator: Comparison, value: string): (actual: unknown) => boolean {
  const part = `${path.join('.')}${operator}${value}`;
  switch (operator) {
    case '!=': {
      const equal = compare(path, '=', value);
      return (actual) => !equal(actual);
    }
    case '=~':
    case '!~': {
      const expression = regularExpression(value, part);
      const matches = (actual: unknown) => actual !== undefined && expression.test(String(actual));
      return operator === '=~' ? matches : (actual) => !matches(actual);
    }
    case ':':
      if (value === '*') return (actual) => actual !== undefined;
      return (actual) => texts(actual).some((text) => text.toLowerCase().includes(value.toLowerCase()));
    default: {
      const order = ordering(path, value, part);
      return (actual) => actual !== undefined && holds(operator, order(actual));
    }
  }
}

function holds(operator: '=' | '<' | '<=' | '>' | '>=', order: number): boolean {
  switch (operator) {
    case '=':
      return order === 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

/** Compares an actual value with the filter's; NaN, which holds for no operator, where they can't be compared. */
function ordering(path: string[], value: string, part: string): (actual: unknown) => number {
  if (path[0] === 'severity') {
    const level = SEVERITIES[value.toUpperCase()] ?? Number(value);
    if (Number.isNaN(level)) throw unsupported(part);
    return (actual) => (SEVERITIES[String(actual)] ?? Number.NaN) - level;
  }
  if (path[0] === 'timestamp' || path[0] === 'receiveTimestamp') {
    const instant = Date.parse(value);
    if (Number.isNaN(instant)) throw unsupported(part);
    return (actual) => Date.parse(String(actual)) - instant;
  }
  const wanted = value.toLowerCase();
  return (actual) => {
    if (typeof actual === 'number') return actual - Number(value);
    const text = String(actual).toLowerCase();
    return text === wanted ? 0 : text < wanted ? -1 : 1;
  };
}

function texts(actual: unknown): string[] {
  if (actual === undefined || actual === null) return [];
  if (Array.isArray(actual)) return actual.flatMap(texts);
  return typeof actual === 'object' ? Object.values(actual).flatMap(texts) : [String(actual)];
}

function regularExpression(source: string, part: string): RegExp {
  try {
    // RE2's inline flags are the one difference that filters commonly use.
    const insensitive = source.startsWith('(?i)');
    return new RegExp(insensitive ? source.slice(4) : source, insensitive ? 'i' : '');
  } catch {
    throw unsupported(part);
  }
}
