import type { TableField } from '../boundaries.ts';
import { invalidQuery, unsupported } from './errors.ts';
import { type Group, isGroup, isSymbol, keyword, type Node, parseNodes, splitByComma } from './lexer.ts';
import { parseColumn } from './sql-types.ts';
import { tablePath } from './table-path.ts';

export type OptionValue = string | number | boolean | null | OptionValue[];
export type Options = Record<string, OptionValue>;

interface Create {
  path: string[];
  orReplace: boolean;
  ifNotExists: boolean;
  options: Options;
}

/** One GoogleSQL statement, its outer shape read and its queries left as nodes to translate. */
export type Statement =
  | { kind: 'query'; query: Node[] }
  | ({ kind: 'createSchema' } & Create)
  | ({ kind: 'createTable'; columns?: TableField[]; query?: Node[] } & Create)
  | ({ kind: 'createView'; query: Node[]; queryText: string } & Create)
  | { kind: 'drop'; what: 'SCHEMA' | 'TABLE' | 'VIEW'; path: string[]; ifExists: boolean; cascade: boolean }
  | { kind: 'modify'; verb: 'INSERT' | 'DELETE' | 'UPDATE' | 'TRUNCATE'; path: string[]; rest: Node[] }
  | { kind: 'export'; options: Options; query: Node[] };

/** The statements of one kind. */
export type StatementOf<Kind extends Statement['kind']> = Extract<Statement, { kind: Kind }>;

/** Reads one statement. Throws `invalidQuery` for bad syntax and for statements that aren't supported. */
export function parseStatement(sql: string): Statement {
  const nodes = parseNodes(sql);
  if (isSymbol(nodes.at(-1), ';')) nodes.pop();
  if (nodes.some((node) => isSymbol(node, ';'))) throw unsupported('scripts of several statements');
  if (nodes.length === 0) throw invalidQuery('Syntax error: Unexpected end of statement');
  const verb = keyword(nodes[0]);
  if (isGroup(nodes[0]) || verb === 'SELECT' || verb === 'WITH') return { kind: 'query', query: nodes };
  const reader = new Reader(nodes, sql);
  switch (verb) {
    case 'CREATE':
      return reader.create();
    case 'DROP':
      return reader.drop();
    case 'INSERT':
    case 'DELETE':
    case 'UPDATE':
    case 'TRUNCATE':
      return reader.modify(verb);
    case 'EXPORT':
      return reader.exportData();
    default:
      throw unsupported(`statement ${verb ?? 'of this form'}`);
  }
}

class Reader {
  readonly #nodes: Node[];
  readonly #sql: string;
  #index = 1;

  constructor(nodes: Node[], sql: string) {
    this.#nodes = nodes;
    this.#sql = sql;
  }

  create(): Statement {
    const orReplace = this.#take('OR') && this.#need('REPLACE');
    if (this.#take('SCHEMA')) return { kind: 'createSchema', ...this.#created(orReplace) };
    if (this.#take('TABLE')) return this.#createTable(orReplace);
    if (this.#take('VIEW')) {
      const created = this.#created(orReplace);
      this.#need('AS');
      const query = this.#rest();
      return {
        kind: 'createView',
        ...created,
        query,
        queryText: this.#sql.slice(query[0].start, query.at(-1)!.end),
      };
    }
    throw unsupported(`CREATE ${keyword(this.#nodes[this.#index]) ?? ''}`);
  }

  #createTable(orReplace: boolean): Statement {
    const ifNotExists = this.#ifNotExists();
    const path = this.#path();
    const list = this.#nodes[this.#index];
    const columns = isGroup(list) ? splitByComma(list.items).map(parseColumn) : undefined;
    if (columns) this.#index++;
    this.#skipLayout();
    const options = this.#options();
    const query = this.#take('AS') ? this.#rest() : undefined;
    this.#end();
    if (!columns && !query) throw invalidQuery('CREATE TABLE needs a column list or AS query');
    return { kind: 'createTable', path, orReplace, ifNotExists, options, columns, query };
  }

  drop(): Statement {
    const what = (['SCHEMA', 'TABLE', 'VIEW'] as const).find((word) => this.#take(word));
    if (!what) throw unsupported(`DROP ${keyword(this.#nodes[this.#index]) ?? ''}`);
    const ifExists = this.#take('IF') && this.#need('EXISTS');
    const path = this.#path();
    const cascade = this.#take('CASCADE');
    this.#take('RESTRICT');
    this.#end();
    return { kind: 'drop', what, path, ifExists, cascade };
  }

  modify(verb: 'INSERT' | 'DELETE' | 'UPDATE' | 'TRUNCATE'): Statement {
    if (verb === 'INSERT') this.#take('INTO');
    if (verb === 'DELETE') this.#take('FROM');
    if (verb === 'TRUNCATE') this.#need('TABLE');
    const path = this.#path();
    const rest = this.#rest();
    const filtered = rest.some((node) => keyword(node) === 'WHERE');
    if ((verb === 'DELETE' || verb === 'UPDATE') && !filtered) {
      throw invalidQuery(`${verb} must have a WHERE clause`);
    }
    return { kind: 'modify', verb, path, rest };
  }

  exportData(): Statement {
    this.#need('DATA');
    const options = this.#options();
    this.#need('AS');
    return { kind: 'export', options, query: this.#rest() };
  }

  #created(orReplace: boolean): Create {
    const ifNotExists = this.#ifNotExists();
    return { path: this.#path(), orReplace, ifNotExists, options: this.#options() };
  }

  #ifNotExists(): boolean {
    return this.#take('IF') && this.#need('NOT') && this.#need('EXISTS');
  }

  /** PARTITION BY and CLUSTER BY arrange storage; no result depends on them. */
  #skipLayout(): void {
    const word = keyword(this.#nodes[this.#index]);
    if (word !== 'PARTITION' && word !== 'CLUSTER') return;
    while (
      this.#index < this.#nodes.length &&
      !/^(OPTIONS|AS)$/.test(keyword(this.#nodes[this.#index]) ?? '')
    ) {
      this.#index++;
    }
  }

  #options(): Options {
    if (!this.#take('OPTIONS')) return {};
    const group = this.#nodes[this.#index++];
    if (!isGroup(group)) throw invalidQuery('Syntax error: Expected "(" after OPTIONS');
    return Object.fromEntries(
      splitByComma(group.items).map(([name, equals, ...value]) => {
        if (name?.kind !== 'word' || !isSymbol(equals, '='))
          throw invalidQuery('Syntax error: Expected name=value');
        return [name.text, optionValue(value)];
      }),
    );
  }

  #path(): string[] {
    const { path, next } = tablePath(this.#nodes, this.#index);
    this.#index = next;
    return path;
  }

  #rest(): Node[] {
    const rest = this.#nodes.slice(this.#index);
    this.#index = this.#nodes.length;
    return rest;
  }

  #take(word: string): boolean {
    const matches = keyword(this.#nodes[this.#index]) === word;
    if (matches) this.#index++;
    return matches;
  }

  #need(word: string): true {
    if (!this.#take(word)) throw invalidQuery(`Syntax error: Expected keyword ${word}`);
    return true;
  }

  #end(): void {
    const node = this.#nodes[this.#index];
    if (node) throw unsupported(`"${this.#sql.slice(node.start, node.end)}" in this statement`);
  }
}

function optionValue(nodes: Node[]): OptionValue {
  const [node] = nodes;
  if (node?.kind === 'group') return splitByComma((node as Group).items).map(optionValue);
  if (node?.kind === 'string') return node.text;
  if (node?.kind === 'number') return Number(node.text);
  if (isSymbol(node, '-') && nodes[1]?.kind === 'number') return -Number(nodes[1].text);
  const word = keyword(node);
  if (nodes.length === 1 && (word === 'TRUE' || word === 'FALSE')) return word === 'TRUE';
  if (nodes.length === 1 && word === 'NULL') return null;
  throw unsupported('computed values in OPTIONS');
}
