import { quoteName } from './duckdb.ts';
import { invalidQuery, unsupported } from './errors.ts';
import { callFunction, datePart } from './functions.ts';
import { castMacro } from './googlesql-macros.ts';
import { type Group, keyword, type Node, splitByComma } from './lexer.ts';
import { parseType } from './sql-types.ts';
import { duckdbType } from './types.ts';

/** Translates an expression. */
export type Translate = (nodes: Node[]) => string;

/** Functions whose last argument is a word or a number to be read as it is written, not a value. */
const TAKES_WORD = /^((DATE|DATETIME|TIMESTAMP)_(DIFF|TRUNC)|APPROX_QUANTILES)$/;

/**
 * Translates a function call, or what looks like one.
 *
 * @param name the function, upper case
 * @param group its arguments in their brackets
 */
export function translateCall(name: string, group: Group, translate: Translate): string {
  switch (name) {
    case 'CAST':
    case 'SAFE_CAST':
      return cast(group.items, name === 'SAFE_CAST', translate);
    case 'EXTRACT':
      return extract(group.items, translate);
    case 'STRUCT':
      return struct(group, translate);
    case 'ARRAY':
      return `ARRAY(${translate(group.items)})`;
    case 'UNNEST':
      throw unsupported('UNNEST outside FROM and IN');
    case 'ARRAY_AGG':
      return arrayAgg(group, translate);
  }
  const parts = splitByComma(group.items);
  const word = TAKES_WORD.test(name) ? (parts.pop() ?? []) : undefined;
  const args = parts.map(translate);
  return callFunction(name, word ? [...args, asWritten(word)] : args);
}

function asWritten(nodes: Node[]): string {
  return nodes.map((node) => ('text' in node ? node.text : '(')).join('');
}

function cast(items: Node[], safe: boolean, translate: Translate): string {
  const as = items.findLastIndex((node) => keyword(node) === 'AS');
  if (as < 1) throw invalidQuery('Syntax error: Expected AS in CAST');
  const { field, next } = parseType(items, as + 1);
  if (next < items.length) throw unsupported('CAST with FORMAT');
  const value = translate(items.slice(0, as));
  if (field.mode === 'REPEATED' || field.type === 'RECORD') {
    if (value.toUpperCase() !== 'NULL') throw unsupported('CAST of values to ARRAY or STRUCT');
  } else {
    const macro = castMacro(field.type, safe);
    if (macro) return `${macro}(${value})`;
  }
  return `${safe ? 'TRY_CAST' : 'CAST'}(${value} AS ${duckdbType(field)})`;
}

function extract(items: Node[], translate: Translate): string {
  const from = items.findIndex((node) => keyword(node) === 'FROM');
  const part = keyword(items[0]);
  if (from !== 1 || !part) throw unsupported('EXTRACT of anything but a plain date part');
  const value = translate(items.slice(2));
  if (part === 'DATE') return `CAST(${value} AS DATE)`;
  // DAYOFWEEK runs from 1 on Sunday, DuckDB's dow from 0.
  if (part === 'DAYOFWEEK') return `(date_part('dow', ${value}) + 1)`;
  if (part === 'DAYOFYEAR') return `date_part('doy', ${value})`;
  return `date_part('${datePart(part)}', ${value})`;
}

function struct(group: Group, translate: Translate): string {
  const members = splitByComma(group.items).map((member, index) => {
    const alias = keyword(member.at(-2)) === 'AS' ? member.at(-1) : undefined;
    const value = translate(alias ? member.slice(0, -2) : member);
    const last = alias ?? member.at(-1);
    const named = last?.kind === 'word' || last?.kind === 'quoted';
    return `${quoteName(named ? last.text : `_field_${index + 1}`)} := ${value}`;
  });
  return `struct_pack(${members.join(', ')})`;
}

/** DuckDB's list aggregate keeps nulls and takes no LIMIT: a filter and a slice do. */
function arrayAgg(group: Group, translate: Translate): string {
  const words = group.items.map((node) => keyword(node));
  const limit = words.lastIndexOf('LIMIT');
  const nulls = words.findIndex((word, index) => word === 'IGNORE' && words[index + 1] === 'NULLS');
  const end = limit < 0 ? group.items.length : limit;
  const kept = group.items
    .slice(0, end)
    .filter((_, index) => nulls < 0 || (index !== nulls && index !== nulls + 1));
  const order = words.indexOf('ORDER');
  const first = words[0] === 'DISTINCT' ? 1 : 0;
  const value = group.items.slice(
    first,
    [order, nulls, limit].filter((at) => at >= 0).sort((a, b) => a - b)[0],
  );
  const filter = nulls < 0 ? '' : ` FILTER (WHERE (${translate(value)}) IS NOT NULL)`;
  const aggregate = callFunction('ARRAY_AGG', [translate(kept)]) + filter;
  return limit < 0 ? aggregate : `(${aggregate})[1:${translate(group.items.slice(limit + 1))}]`;
}

/** Translates `ARRAY<INT64>[1, 2]` and `STRUCT<a INT64>(1)`, and answers the index after it. */
export function typedConstructor(
  nodes: Node[],
  index: number,
  translate: Translate,
): { sql: string; next: number } {
  const { field, next } = parseType(nodes, index);
  const group = nodes[next];
  if (group?.kind !== 'group') throw invalidQuery('Syntax error: Expected a value after a type');
  const values = splitByComma(group.items).map(translate).join(', ');
  const value = group.open === '[' ? `[${values}]` : `row(${values})`;
  return { sql: `CAST(${value} AS ${duckdbType(field)})`, next: next + 1 };
}

/** `[OFFSET(0)]` counts from zero and `[ORDINAL(1)]` from one, as DuckDB does. */
export function arraySubscript(group: Group, translate: Translate): string {
  const position = keyword(group.items[0]);
  const argument = group.items[1];
  if (argument?.kind !== 'group' || argument.open !== '(' || group.items.length !== 2)
    throw unsupported('array subscripts without OFFSET or ORDINAL');
  const value = translate(argument.items);
  if (position === 'OFFSET' || position === 'SAFE_OFFSET') return `[(${value}) + 1]`;
  if (position === 'ORDINAL' || position === 'SAFE_ORDINAL') return `[${value}]`;
  throw unsupported(`array subscript ${position}`);
}
