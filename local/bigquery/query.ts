import { arraySubscript, type Translate, translateCall, typedConstructor } from './calls.ts';
import { quoteName, quoteText } from './duckdb.ts';
import { invalidQuery, unsupported } from './errors.ts';
import { datePart } from './functions.ts';
import { BEFORE_BRACKET, CLAUSES, isAlias, RESERVED_IN_DUCKDB, UNSUPPORTED } from './keywords.ts';
import { type Group, isGroup, isSymbol, keyword, type Node, splitByComma } from './lexer.ts';
import { bytesLiteral, isOrdinal, numberLiteral, smallestInteger, typedLiteral } from './literals.ts';
import { tablePath } from './table-path.ts';

/** What a statement's names stand for. */
export interface Names {
  /** The DuckDB relation that a table path names: a quoted table, or a subquery in brackets. */
  relation(path: string[]): string;
  /** The SQL literal of `@name`, or of the next `?`. */
  parameter(name: string | undefined): string;
}

/**
 * Translates a GoogleSQL query, or the part of a DML statement after its verb, into DuckDB SQL.
 *
 * @param nodes the parsed text
 * @param names what its tables and parameters stand for
 */
export function translateQuery(nodes: Node[], names: Names): string {
  return new Translator(names, commonTables(nodes)).sql(nodes);
}

/** Names that WITH defines anywhere in the statement. */
function commonTables(nodes: Node[], found = new Set<string>()): Set<string> {
  for (const [index, node] of nodes.entries()) {
    if (node.kind !== 'group') continue;
    const name = nodes[index - 2];
    const defines =
      keyword(nodes[index - 1]) === 'AS' && /^(SELECT|WITH)$/.test(keyword(node.items[0]) ?? '');
    if (defines && (name?.kind === 'word' || name?.kind === 'quoted')) found.add(name.text.toLowerCase());
    commonTables(node.items, found);
  }
  return found;
}

class Translator {
  readonly #names: Names;
  readonly #commonTables: Set<string>;
  readonly #translate: Translate = (nodes) => this.sql(nodes);

  constructor(names: Names, commonTables: Set<string>) {
    this.#names = names;
    this.#commonTables = commonTables;
  }

  sql(nodes: Node[], startsInFrom = false): string {
    const out: string[] = [];
    let inFrom = startsInFrom;
    let expectsTable = startsInFrom;
    let inBy = false;
    for (let index = 0; index < nodes.length; ) {
      if (expectsTable && keyword(nodes[index]) !== 'JOIN') {
        expectsTable = false;
        index = this.#table(nodes, index, out);
        continue;
      }
      const word = keyword(nodes[index]);
      if (word === 'FROM' && keyword(nodes[index - 1]) !== 'DISTINCT') inFrom = expectsTable = true;
      else if (word === 'JOIN') expectsTable = true;
      else if (word && CLAUSES.has(word)) inFrom = inBy = false;
      else if (word === 'BY') inBy = true;
      else if (inFrom && isSymbol(nodes[index], ',')) expectsTable = true;
      if (inBy && isOrdinal(nodes, index)) out.push((nodes[index++] as { text: string }).text);
      else index = this.#node(nodes, index, out);
    }
    return out.join(' ');
  }

  /** Translates the node at `index` and those that belong to it, and answers the index after them. */
  #node(nodes: Node[], index: number, out: string[]): number {
    const node = nodes[index];
    switch (node.kind) {
      case 'group':
        return this.#bracket(nodes, index, out);
      case 'word':
        return this.#word(nodes, index, out);
      case 'quoted':
        out.push(node.text.split('.').map(quoteName).join('.'));
        break;
      case 'string':
        out.push(quoteText(node.text));
        break;
      case 'bytes':
        out.push(bytesLiteral(node.text));
        break;
      case 'number':
        out.push(numberLiteral(node.text));
        break;
      case 'parameter':
        out.push(this.#names.parameter(node.text === '?' ? undefined : node.text.slice(1)));
        break;
      case 'symbol':
        return this.#symbol(nodes, index, out);
    }
    return index + 1;
  }

  #symbol(nodes: Node[], index: number, out: string[]): number {
    const { text } = nodes[index] as { text: string };
    if (text === '|>') throw unsupported('pipe syntax');
    if (text === ';') throw unsupported('scripts of several statements');
    // DuckDB would raise to a power where GoogleSQL means exclusive or.
    if (text === '^') throw unsupported('operator ^');
    if (text === '%') throw invalidQuery('Syntax error: Illegal input character "%"');
    const smallest = smallestInteger(nodes, index);
    out.push(smallest ?? text);
    return smallest ? index + 2 : index + 1;
  }

  #word(nodes: Node[], index: number, out: string[]): number {
    const node = nodes[index];
    const word = keyword(node)!;
    const next = nodes[index + 1];
    const afterDot = isSymbol(nodes[index - 1], '.');
    if (!afterDot) {
      if (word === 'INTERVAL') return this.#interval(nodes, index, out);
      if ((word === 'ARRAY' || word === 'STRUCT') && isSymbol(next, '<')) {
        const constructed = typedConstructor(nodes, index, this.#translate);
        out.push(constructed.sql);
        return constructed.next;
      }
      const literal = typedLiteral(nodes, index);
      if (literal) {
        out.push(literal);
        return index + 2;
      }
      if (word === 'IN' && keyword(next) === 'UNNEST') {
        out.push(`IN (SELECT unnest(${this.#inner(nodes[index + 2])}))`);
        return index + 3;
      }
      if (isSymbol(nodes[index - 1], '*') && isGroup(next) && (word === 'EXCEPT' || word === 'REPLACE')) {
        out.push(word === 'EXCEPT' ? 'EXCLUDE' : 'REPLACE', `(${this.sql(next.items)})`);
        return index + 2;
      }
      this.#refuse(word, next);
    }
    if (isGroup(next) && !BEFORE_BRACKET.has(word)) {
      if (afterDot) throw unsupported(`function ${textBefore(nodes, index)}.${word}`);
      out.push(translateCall(word, next, this.#translate));
      return index + 2;
    }
    const text = (node as { text: string }).text;
    out.push(RESERVED_IN_DUCKDB.has(word) ? quoteName(text) : text);
    return index + 1;
  }

  #refuse(word: string, next: Node | undefined): void {
    if (UNSUPPORTED.has(word)) throw unsupported(word);
    if (word === 'SELECT' && keyword(next) === 'AS')
      throw unsupported('SELECT AS STRUCT and SELECT AS VALUE');
    if (word === 'UNION' && !/^(ALL|DISTINCT)$/.test(keyword(next) ?? '')) {
      throw invalidQuery('Syntax error: Expected keyword ALL or keyword DISTINCT after UNION');
    }
  }

  #bracket(nodes: Node[], index: number, out: string[]): number {
    const group = nodes[index] as Group;
    if (group.open === '(') out.push(`(${this.sql(group.items)})`);
    else if (index > 0 && isOperand(nodes[index - 1])) out.push(arraySubscript(group, this.#translate));
    else out.push(`[${this.#list(group)}]`);
    return index + 1;
  }

  #interval(nodes: Node[], index: number, out: string[]): number {
    const value: string[] = [];
    let next = index + 1;
    if (isSymbol(nodes[next], '-')) next = this.#node(nodes, next, value);
    next = this.#node(nodes, next, value);
    const unit = keyword(nodes[next]);
    if (!unit) throw invalidQuery('Syntax error: Expected a date part after INTERVAL');
    out.push(`INTERVAL (${value.join(' ')}) ${datePart(unit).toUpperCase()}`);
    return next + 1;
  }

  #table(nodes: Node[], index: number, out: string[]): number {
    const node = nodes[index];
    if (isGroup(node)) {
      const query = /^(SELECT|WITH)$/.test(keyword(node.items[0]) ?? '') || isGroup(node.items[0]);
      out.push(`(${this.sql(node.items, !query)})`);
      return index + 1;
    }
    if (keyword(node) === 'UNNEST') return this.#unnest(nodes, index, out);
    const { path, next } = tablePath(nodes, index);
    if (isGroup(nodes[next])) throw unsupported(`table function ${path.join('.')}`);
    const common = path.length === 1 && this.#commonTables.has(path[0].toLowerCase());
    out.push(common ? quoteName(path[0]) : this.#names.relation(path));
    if (!isAlias(nodes[next])) out.push('AS', quoteName(path.at(-1)!));
    return next;
  }

  #unnest(nodes: Node[], index: number, out: string[]): number {
    const source = `unnest(${this.#inner(nodes[index + 1])})`;
    const next = keyword(nodes[index + 2]) === 'AS' ? index + 3 : index + 2;
    const alias = nodes[next];
    if (isAlias(alias)) {
      if (keyword(alias) === 'WITH' || keyword(nodes[next + 1]) === 'WITH') throw unsupported('WITH OFFSET');
      // The alias names the element, not a table of it; the same name for both serves either use.
      out.push(`${source} AS ${quoteName(alias.text)}(${quoteName(alias.text)})`);
      return next + 1;
    }
    out.push(source);
    return index + 2;
  }

  #inner(node: Node | undefined): string {
    if (!isGroup(node)) throw invalidQuery('Syntax error: Expected "("');
    return this.sql(node.items);
  }

  #list(group: Group): string {
    return splitByComma(group.items).map(this.#translate).join(', ');
  }
}

function isOperand(node: Node): boolean {
  if (node.kind === 'word') return !BEFORE_BRACKET.has(node.text.toUpperCase());
  return node.kind === 'group' || node.kind === 'quoted' || node.kind === 'parameter';
}

function textBefore(nodes: Node[], index: number): string {
  const before = nodes[index - 2];
  return before && 'text' in before ? before.text : '';
}
