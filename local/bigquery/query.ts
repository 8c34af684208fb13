import { quoteName, quoteText } from './duckdb.ts';
import { invalidQuery, unsupported } from './errors.ts';
import { callFunction, datePart } from './functions.ts';
import { type Group, isGroup, isSymbol, keyword, type Node, splitByComma } from './lexer.ts';
import { parseType } from './sql-types.ts';
import { duckdbType } from './types.ts';

/** What a statement's names stand for. */
export interface Names {
  /** The DuckDB relation that a table path names: a quoted table, or a subquery in brackets. */
  relation(path: string[]): string;
  /** The SQL literal of `@name`, or of the next `?`. */
  parameter(name: string | undefined): string;
}

/** Words that a bracket may follow without a call being meant. */
const BEFORE_BRACKET = new Set(
  `ALL AND ANY AS BETWEEN BY CASE DISTINCT ELSE EXCEPT EXISTS FILTER FROM HAVING IN INTERSECT IS JOIN LIKE LIMIT NOT
   OFFSET ON OR OVER QUALIFY RETURN ROLLUP SELECT SET SOME THEN UNION USING VALUES WHEN WHERE WITH`.split(
    /\s+/,
  ),
);

/** Words that end the list of tables after FROM. */
const AFTER_FROM = new Set(
  'WHERE GROUP HAVING ORDER LIMIT WINDOW QUALIFY UNION EXCEPT INTERSECT SELECT SET WHEN VALUES'.split(' '),
);

/** Words that follow a table without being its alias. */
const NOT_ALIAS = new Set([
  ...AFTER_FROM,
  ...'ON USING JOIN INNER LEFT RIGHT FULL CROSS OUTER NATURAL'.split(' '),
]);

const UNSUPPORTED = new Set(
  `ASSERT_ROWS_MODIFIED AT COLLATE CUBE DEFINE ENUM FETCH FOR GROUPING GROUPS HASH LATERAL LOOKUP
   MATCH_RECOGNIZE NATURAL PIVOT PROTO TABLESAMPLE TREAT UNPIVOT WITHIN`.split(/\s+/),
);

/** Names that DuckDB reserves and GoogleSQL doesn't. */
const RESERVED_IN_DUCKDB = new Set(
  `ANALYSE ANALYZE ASYMMETRIC BOTH CHECK COLUMN CONSTRAINT DEFERRABLE DESCRIBE DO FOREIGN GRANT INITIALLY LEADING ONLY
   PLACING PRIMARY REFERENCES RETURNING SHOW SUMMARIZE SYMMETRIC TABLE TRAILING UNIQUE USER VARIADIC`.split(
    /\s+/,
  ),
);

const TYPED_LITERALS = new Set(['DATE', 'DATETIME', 'TIMESTAMP', 'TIME', 'NUMERIC', 'BIGNUMERIC', 'JSON']);

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

  constructor(names: Names, commonTables: Set<string>) {
    this.#names = names;
    this.#commonTables = commonTables;
  }

  sql(nodes: Node[], startsInFrom = false): string {
    const out: string[] = [];
    let inFrom = startsInFrom;
    let expectsTable = startsInFrom;
    for (let index = 0; index < nodes.length; ) {
      if (expectsTable && keyword(nodes[index]) !== 'JOIN') {
        expectsTable = false;
        index = this.#table(nodes, index, out);
        continue;
      }
      const word = keyword(nodes[index]);
      if (word === 'FROM' && keyword(nodes[index - 1]) !== 'DISTINCT') inFrom = expectsTable = true;
      else if (word === 'JOIN') expectsTable = true;
      else if (word && AFTER_FROM.has(word)) inFrom = false;
      else if (inFrom && isSymbol(nodes[index], ',')) expectsTable = true;
      index = this.#node(nodes, index, out);
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
        out.push(`unhex('${Buffer.from(node.text, 'latin1').toString('hex')}')`);
        break;
      case 'number':
        // A literal with a point is FLOAT64 here and DECIMAL in DuckDB, unless it has an exponent.
        out.push(/^[\d.]*\.[\d.]*$/.test(node.text) ? `${node.text}e0` : decimalText(node.text));
        break;
      case 'parameter':
        out.push(this.#names.parameter(node.text === '?' ? undefined : node.text.slice(1)));
        break;
      case 'symbol':
        if (node.text === '|>') throw unsupported('pipe syntax');
        if (node.text === ';') throw unsupported('scripts of several statements');
        out.push(node.text);
    }
    return index + 1;
  }

  #word(nodes: Node[], index: number, out: string[]): number {
    const node = nodes[index];
    const word = keyword(node)!;
    const next = nodes[index + 1];
    const afterDot = isSymbol(nodes[index - 1], '.');
    if (!afterDot) {
      if (word === 'INTERVAL') return this.#interval(nodes, index, out);
      if ((word === 'ARRAY' || word === 'STRUCT') && isSymbol(next, '<'))
        return this.#typed(nodes, index, out);
      if (TYPED_LITERALS.has(word) && next?.kind === 'string') {
        out.push(`CAST(${quoteText(next.text)} AS ${duckdbType({ name: '', type: word })})`);
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
      out.push(this.#call(word, next));
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
    else if (index > 0 && isOperand(nodes[index - 1])) out.push(this.#subscript(group));
    else out.push(`[${this.#list(group)}]`);
    return index + 1;
  }

  /** `[OFFSET(0)]` counts from zero and `[ORDINAL(1)]` from one, as DuckDB does. */
  #subscript(group: Group): string {
    const position = keyword(group.items[0]);
    const argument = group.items[1];
    if (!isGroup(argument) || group.items.length !== 2)
      throw unsupported('array subscripts without OFFSET or ORDINAL');
    const value = this.sql(argument.items);
    if (position === 'OFFSET' || position === 'SAFE_OFFSET') return `[(${value}) + 1]`;
    if (position === 'ORDINAL' || position === 'SAFE_ORDINAL') return `[${value}]`;
    throw unsupported(`array subscript ${position}`);
  }

  #call(name: string, group: Group): string {
    switch (name) {
      case 'CAST':
      case 'SAFE_CAST':
        return this.#cast(name === 'CAST' ? 'CAST' : 'TRY_CAST', group.items);
      case 'EXTRACT':
        return this.#extract(group.items);
      case 'STRUCT':
        return this.#struct(group);
      case 'ARRAY':
        return `ARRAY(${this.sql(group.items)})`;
      case 'UNNEST':
        throw unsupported('UNNEST outside FROM and IN');
      case 'ARRAY_AGG':
        return this.#arrayAgg(group);
    }
    if (/_(DIFF|TRUNC)$/.test(name) && /^(DATE|DATETIME|TIMESTAMP)_/.test(name)) {
      const parts = splitByComma(group.items);
      const part = parts.pop() ?? [];
      const unit = part.map((node) => ('text' in node ? node.text : '(')).join('');
      return callFunction(name, [...parts.map((argument) => this.sql(argument)), unit]);
    }
    return callFunction(
      name,
      splitByComma(group.items).map((argument) => this.sql(argument)),
    );
  }

  #cast(cast: string, items: Node[]): string {
    const as = items.findLastIndex((node) => keyword(node) === 'AS');
    if (as < 1) throw invalidQuery('Syntax error: Expected AS in CAST');
    const { field, next } = parseType(items, as + 1);
    if (next < items.length) throw unsupported('CAST with FORMAT');
    return `${cast}(${this.sql(items.slice(0, as))} AS ${duckdbType(field)})`;
  }

  #extract(items: Node[]): string {
    const from = items.findIndex((node) => keyword(node) === 'FROM');
    const part = keyword(items[0]);
    if (from !== 1 || !part) throw unsupported('EXTRACT of anything but a plain date part');
    const value = this.sql(items.slice(2));
    if (part === 'DATE') return `CAST(${value} AS DATE)`;
    // DAYOFWEEK runs from 1 on Sunday, DuckDB's dow from 0.
    if (part === 'DAYOFWEEK') return `(date_part('dow', ${value}) + 1)`;
    if (part === 'DAYOFYEAR') return `date_part('doy', ${value})`;
    return `date_part('${datePart(part)}', ${value})`;
  }

  #struct(group: Group): string {
    const members = splitByComma(group.items).map((member, index) => {
      const alias = keyword(member.at(-2)) === 'AS' ? member.at(-1) : undefined;
      const value = this.sql(alias ? member.slice(0, -2) : member);
      const last = alias ?? member.at(-1);
      const named = last?.kind === 'word' || last?.kind === 'quoted';
      return `${quoteName(named ? last.text : `_field_${index + 1}`)} := ${value}`;
    });
    return `struct_pack(${members.join(', ')})`;
  }

  #arrayAgg(group: Group): string {
    const words = group.items.map((node) => keyword(node));
    const limit = words.lastIndexOf('LIMIT');
    const nulls = words.findIndex((word, index) => word === 'IGNORE' && words[index + 1] === 'NULLS');
    const end = limit < 0 ? group.items.length : limit;
    const kept = group.items
      .slice(0, end)
      .filter((_, index) => nulls < 0 || (index !== nulls && index !== nulls + 1));
    const order = words.indexOf('ORDER');
    const value = group.items.slice(
      0,
      [order, nulls, limit].filter((at) => at >= 0).sort((a, b) => a - b)[0],
    );
    const filter = nulls < 0 ? '' : ` FILTER (WHERE (${this.sql(value)}) IS NOT NULL)`;
    const aggregate = callFunction('ARRAY_AGG', [this.sql(kept)]) + filter;
    return limit < 0 ? aggregate : `(${aggregate})[1:${this.sql(group.items.slice(limit + 1))}]`;
  }

  /** `ARRAY<INT64>[1, 2]` and `STRUCT<a INT64>(1)`. */
  #typed(nodes: Node[], index: number, out: string[]): number {
    const { field, next } = parseType(nodes, index);
    const group = nodes[next];
    if (group?.kind !== 'group') throw invalidQuery('Syntax error: Expected a value after a type');
    const values = this.#list(group);
    out.push(`CAST(${group.open === '[' ? `[${values}]` : `row(${values})`} AS ${duckdbType(field)})`);
    return next + 1;
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
    const after = nodes[next];
    const alias = after?.kind === 'quoted' || (after?.kind === 'word' && !NOT_ALIAS.has(keyword(after)!));
    if (!alias) out.push('AS', quoteName(path.at(-1)!));
    return next;
  }

  #unnest(nodes: Node[], index: number, out: string[]): number {
    const source = `unnest(${this.#inner(nodes[index + 1])})`;
    const next = keyword(nodes[index + 2]) === 'AS' ? index + 3 : index + 2;
    const alias = nodes[next];
    if (alias?.kind === 'quoted' || (alias?.kind === 'word' && !NOT_ALIAS.has(keyword(alias)!))) {
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
    return splitByComma(group.items)
      .map((item) => this.sql(item))
      .join(', ');
  }
}

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

function isOperand(node: Node): boolean {
  if (node.kind === 'word') return !BEFORE_BRACKET.has(node.text.toUpperCase());
  return node.kind === 'group' || node.kind === 'quoted' || node.kind === 'parameter';
}

function textBefore(nodes: Node[], index: number): string {
  const before = nodes[index - 2];
  return before && 'text' in before ? before.text : '';
}

function decimalText(text: string): string {
  return /^0x/i.test(text) ? BigInt(text).toString() : text;
}
