import { invalidQuery } from './errors.ts';
import { isSymbol, type Node } from './lexer.ts';

/** Reads a table's path, in which a project may have dashes and backticks may hold any number of parts. */
export function tablePath(nodes: Node[], index: number): { path: string[]; next: number } {
  let text = '';
  let next = index;
  for (let node = nodes[next]; node && node.kind !== 'group'; node = nodes[++next]) {
    const joins = text === '' || text.endsWith('.') || text.endsWith('-');
    const touches = nodes[next - 1]?.end === node.start;
    if (node.kind === 'word' || node.kind === 'quoted' || (node.kind === 'number' && text.endsWith('-'))) {
      if (!joins) break;
      text += node.text;
    } else if (isSymbol(node, '.') || (isSymbol(node, '-') && touches && !text.includes('.'))) {
      text += node.text;
    } else break;
  }
  if (text === '' || text.endsWith('.')) throw invalidQuery('Syntax error: Expected a table name');
  return { path: text.split('.'), next };
}
