import { StatusError } from '../status.ts';
import { type Json, toJson } from './struct-value.ts';
import { camelCase, epochMs } from './values.ts';

type Predicate = (resource: object) => boolean;

/** Functions that a filter may call with one quoted text, by name. */
export type FilterFunctions = Record<string, (argument: string) => Predicate>;

const TOKEN = /\s*(?:(\(|\)|!=|<=|>=|=|<|>|:)|"((?:[^"\\]|\\.)*)"|([^\s()=<>!:"]+))/y;

interface Token {
  text: string;
  kind: 'symbol' | 'quoted' | 'word';
}

/**
 * Reads a list filter (AIP-160, as far as Vertex AI documents it): comparisons of `display_name`, `state`,
 * `create_time`, `labels.key`, `metadata.key.string_value`, `endpoint`, `model` …, and calls of the functions given,
 * joined by AND, OR, NOT and parentheses.
 * Throws INVALID_ARGUMENT for anything else.
 */
export function matcher(filter: string, functions: FilterFunctions = {}): Predicate {
  if (filter.trim() === '') return () => true;
  const tokens = tokenize(filter);
  const invalid = () => new StatusError('INVALID_ARGUMENT', `Invalid filter "${filter}".`);
  let at = 0;
  const keyword = (word: string) => tokens[at]?.kind === 'word' && tokens[at].text === word;
  const symbol = (text: string) => tokens[at]?.kind === 'symbol' && tokens[at].text === text;

  // As AIP-160 has it, OR binds tighter than AND.
  function conjunction(): Predicate {
    const terms = [disjunction()];
    while (at < tokens.length && !symbol(')')) {
      if (keyword('AND')) at++;
      terms.push(disjunction());
    }
    return (resource) => terms.every((term) => term(resource));
  }

  function disjunction(): Predicate {
    const terms = [term()];
    while (keyword('OR')) {
      at++;
      terms.push(term());
    }
    return (resource) => terms.some((each) => each(resource));
  }

  function term(): Predicate {
    if (keyword('NOT')) {
      at++;
      const negated = term();
      return (resource) => !negated(resource);
    }
    if (symbol('(')) {
      at++;
      const inner = conjunction();
      if (!symbol(')')) throw invalid();
      at++;
      return inner;
    }
    const [field, operator, value, end] = tokens.slice(at, at + 4);
    const called = field?.kind === 'word' && operator?.text === '(' ? functions[field.text] : undefined;
    if (called && value?.kind === 'quoted' && end?.text === ')') {
      at += 4;
      return called(value.text);
    }
    if (field?.kind !== 'word' || operator?.kind !== 'symbol' || !value || value.kind === 'symbol')
      throw invalid();
    at += 3;
    return comparison(field.text, operator.text, value.text, invalid);
  }

  const predicate = conjunction();
  if (at < tokens.length) throw invalid();
  return predicate;
}

function tokenize(filter: string): Token[] {
  const tokens: Token[] = [];
  const text = filter.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match)
      throw new StatusError('INVALID_ARGUMENT', `Invalid filter "${filter}" at character ${start + 1}.`);
    if (match[1] !== undefined) tokens.push({ text: match[1], kind: 'symbol' });
    else if (match[2] !== undefined) tokens.push({ text: match[2].replace(/\\(.)/g, '$1'), kind: 'quoted' });
    else tokens.push({ text: match[3], kind: 'word' });
  }
  return tokens;
}

const TIMES = new Set(['createTime', 'updateTime', 'startTime', 'endTime']);
const TEXTS = new Set([
  ...['displayName', 'state', 'endpoint', 'model', 'name', 'versionId', 'schemaTitle', 'uri'],
]);

function comparison(field: string, operator: string, value: string, invalid: () => StatusError): Predicate {
  const label = /^labels\.(.+)$/.exec(field)?.[1];
  if (label !== undefined || field === 'labels') {
    const key = label ?? value;
    if (operator === ':' && (field === 'labels' || value === '*'))
      return (resource) => labelOf(resource, key) !== undefined;
    if (operator === '=' || operator === ':') return (resource) => labelOf(resource, key) === value;
    if (operator === '!=') return (resource) => labelOf(resource, key) !== value;
    throw invalid();
  }
  const [, key, type] = /^metadata\.(.+)\.(string|number|bool)_value$/.exec(field) ?? [];
  if (key && (operator === '=' || operator === '!=')) {
    const wanted = { string: value, number: Number(value), bool: value === 'true' }[type];
    return (resource) => (metadataOf(resource, key) === wanted) === (operator === '=');
  }
  const name = camelCase(field);
  if (TIMES.has(name)) return timeComparison(name, operator, Date.parse(value), invalid);
  if (!TEXTS.has(name)) throw invalid();
  if (operator === ':') {
    const wildcard = new RegExp(`^${value.split('*').map(escapePattern).join('.*')}$`, 'su');
    return (resource) => textsOf(resource, name).some((text) => wildcard.test(text));
  }
  if (operator === '=') return (resource) => textsOf(resource, name).includes(value);
  if (operator === '!=') return (resource) => !textsOf(resource, name).includes(value);
  throw invalid();
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function timeComparison(
  field: string,
  operator: string,
  bound: number,
  invalid: () => StatusError,
): Predicate {
  if (Number.isNaN(bound)) throw invalid();
  const time = (resource: object) => epochMs(Reflect.get(resource, field));
  switch (operator) {
    case '=':
      return (resource) => time(resource) === bound;
    case '!=':
      return (resource) => time(resource) !== bound;
    case '<':
      return (resource) => time(resource) < bound;
    case '<=':
      return (resource) => time(resource) <= bound;
    case '>':
      return (resource) => time(resource) > bound;
    case '>=':
      return (resource) => time(resource) >= bound;
    default:
      throw invalid();
  }
}

function labelOf(resource: object, key: string): string | undefined {
  return Reflect.get(resource, 'labels')?.[key];
}

function metadataOf(resource: object, key: string): Json | undefined {
  const value = Reflect.get(resource, 'metadata')?.fields?.[key];
  return value && toJson(value);
}

/** A field's text. `endpoint` and `model` may be given as the id alone, and are the resource's own id if it has none. */
function textsOf(resource: object, field: string): string[] {
  const own: unknown = Reflect.get(resource, field);
  const value = typeof own === 'string' ? own : '';
  if (field !== 'endpoint' && field !== 'model') return [value];
  const name = value || String(Reflect.get(resource, 'name') ?? '');
  return [name, (name.split('/').at(-1) ?? '').split('@')[0]];
}
