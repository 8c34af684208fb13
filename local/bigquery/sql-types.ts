import type { TableField } from '../boundaries.ts';
import { invalidQuery, unsupported } from './errors.ts';
import { isGroup, isSymbol, keyword, type Node } from './lexer.ts';
import { typeName } from './types.ts';

/** Reads a GoogleSQL type that starts at `index`, as the field `name`, and tells where it ended. */
export function parseType(nodes: Node[], index: number, name = ''): { field: TableField; next: number } {
  const word = keyword(nodes[index]);
  if (!word) throw invalidQuery('Syntax error: Expected a type');
  if (word === 'ARRAY') {
    const element = parseType(nodes, expectSymbol(nodes, index + 1, '<'), name);
    if (element.field.mode === 'REPEATED')
      throw invalidQuery('Cannot construct array with element type ARRAY');
    return { field: { ...element.field, mode: 'REPEATED' }, next: expectSymbol(nodes, element.next, '>') };
  }
  if (word === 'STRUCT') return parseStruct(nodes, index, name);
  // STRING(10), NUMERIC(10, 2): the limits are not enforced here, as they never change a value.
  const next = isGroup(nodes[index + 1]) ? index + 2 : index + 1;
  return { field: { name, type: typeName(word), mode: 'NULLABLE' }, next };
}

function parseStruct(nodes: Node[], index: number, name: string): { field: TableField; next: number } {
  const fields: TableField[] = [];
  let next = expectSymbol(nodes, index + 1, '<');
  for (;;) {
    const member = nodes[next];
    if (member?.kind !== 'word' && member?.kind !== 'quoted')
      throw unsupported('STRUCT types with unnamed fields');
    const parsed = parseType(nodes, next + 1, member.text);
    fields.push(parsed.field);
    next = parsed.next;
    if (!isSymbol(nodes[next], ',')) break;
    next++;
  }
  return { field: { name, type: 'RECORD', mode: 'NULLABLE', fields }, next: expectSymbol(nodes, next, '>') };
}

function expectSymbol(nodes: Node[], index: number, symbol: string): number {
  if (!isSymbol(nodes[index], symbol)) throw invalidQuery(`Syntax error: Expected "${symbol}" in a type`);
  return index + 1;
}

/** Reads the columns of `CREATE TABLE t (a INT64 NOT NULL, b ARRAY<STRING>)`. */
export function parseColumn(nodes: Node[]): TableField {
  const [column] = nodes;
  if (column?.kind !== 'word' && column?.kind !== 'quoted')
    throw invalidQuery('Syntax error: Expected a column name');
  const { field, next } = parseType(nodes, 1, column.text);
  const rest = nodes.slice(next).map((node) => keyword(node));
  if (rest.length === 0) return field;
  if (rest[0] === 'NOT' && rest[1] === 'NULL' && rest.length === 2) return { ...field, mode: 'REQUIRED' };
  if (rest[0] === 'OPTIONS' && rest.length === 2) return field;
  throw unsupported(`column attribute ${rest.find(Boolean) ?? ''} of ${column.text}`);
}
