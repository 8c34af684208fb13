import { invalidQuery } from './errors.ts';

export interface Token {
  kind: 'word' | 'quoted' | 'string' | 'bytes' | 'number' | 'parameter' | 'symbol';
  /** The decoded text: a string's value, a backticked name without its backticks, anything else as written. */
  text: string;
  /** Offsets in the statement, to tell `my-project` from `a - b` and to cut out a view's own text. */
  start: number;
  end: number;
}

/** What stands between a pair of brackets. */
export interface Group {
  kind: 'group';
  open: '(' | '[';
  items: Node[];
  start: number;
  end: number;
}

export type Node = Token | Group;

const TOKEN = new RegExp(
  [
    /(?<space>\s+|--[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/)/,
    /(?<prefix>[rRbB]{0,2})(?:'''(?<s3>(?:[^\\]|\\[\s\S])*?)'''|"""(?<d3>(?:[^\\]|\\[\s\S])*?)"""|'(?<s1>(?:[^'\\\n]|\\[\s\S])*)'|"(?<d1>(?:[^"\\\n]|\\[\s\S])*)")/,
    /`(?<quoted>(?:[^`\\]|\\[\s\S])+)`/,
    /(?<parameter>@\w+|\?)/,
    /(?<number>0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/,
    /(?<word>[A-Za-z_]\w*)/,
    /(?<symbol><=|>=|<>|!=|\|\||\|>|=>|[-+*/%=<>.,;()[\]:~&^|])/,
  ]
    .map((part) => part.source)
    .join('|'),
  'y',
);

const CLOSING = { '(': ')', '[': ']' } as const;

/** Reads GoogleSQL into tokens nested by their brackets. Throws `invalidQuery` where the text is not GoogleSQL. */
export function parseNodes(sql: string): Node[] {
  const root: Node[] = [];
  const open: Group[] = [];
  for (const token of tokens(sql)) {
    const items = open.at(-1)?.items ?? root;
    if (token.kind === 'symbol' && (token.text === '(' || token.text === '[')) {
      const group: Group = { kind: 'group', open: token.text, items: [], start: token.start, end: token.end };
      items.push(group);
      open.push(group);
    } else if (token.kind === 'symbol' && (token.text === ')' || token.text === ']')) {
      const group = open.pop();
      if (!group || CLOSING[group.open] !== token.text)
        throw syntaxError(sql, token.start, `"${token.text}"`);
      group.end = token.end;
    } else items.push(token);
  }
  if (open.length > 0) throw syntaxError(sql, sql.length, 'end of statement');
  return root;
}

function* tokens(sql: string): Generator<Token> {
  TOKEN.lastIndex = 0;
  for (let start = 0; start < sql.length; start = TOKEN.lastIndex) {
    const groups = TOKEN.exec(sql)?.groups;
    if (!groups) throw syntaxError(sql, start, `illegal input character "${sql[start]}"`);
    if (groups.space === undefined) yield { ...tokenOf(groups), start, end: TOKEN.lastIndex };
  }
}

function tokenOf(groups: Record<string, string | undefined>): Pick<Token, 'kind' | 'text'> {
  for (const kind of ['word', 'symbol', 'number', 'parameter'] as const) {
    if (groups[kind] !== undefined) return { kind, text: groups[kind] };
  }
  if (groups.quoted !== undefined) return { kind: 'quoted', text: decodeEscapes(groups.quoted) };
  const prefix = groups.prefix?.toLowerCase() ?? '';
  const body = groups.s3 ?? groups.d3 ?? groups.s1 ?? groups.d1 ?? '';
  const text = prefix.includes('r') ? body : decodeEscapes(body);
  return { kind: prefix.includes('b') ? 'bytes' : 'string', text };
}

const ESCAPES: Record<string, string> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

function decodeEscapes(body: string): string {
  return body.replace(
    /\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([\s\S]))/g,
    (_, hex2?: string, hex4?: string, hex8?: string, octal?: string, char?: string) => {
      if (char !== undefined) return ESCAPES[char] ?? char;
      return String.fromCodePoint(octal ? parseInt(octal, 8) : parseInt(hex2 ?? hex4 ?? hex8 ?? '', 16));
    },
  );
}

function syntaxError(sql: string, at: number, what: string) {
  const before = sql.slice(0, at).split('\n');
  return invalidQuery(`Syntax error: Unexpected ${what} at [${before.length}:${before.at(-1)!.length + 1}]`);
}

/** The node's upper-case text when it is an unquoted word, else `undefined`. */
export function keyword(node: Node | undefined): string | undefined {
  return node?.kind === 'word' ? node.text.toUpperCase() : undefined;
}

export function isSymbol(node: Node | undefined, text: string): boolean {
  return node?.kind === 'symbol' && node.text === text;
}

export function isGroup(node: Node | undefined, open: '(' | '[' = '('): node is Group {
  return node?.kind === 'group' && node.open === open;
}

/** Splits at the commas of this nesting level; no nodes give no parts. */
export function splitByComma(nodes: Node[]): Node[][] {
  if (nodes.length === 0) return [];
  const parts: Node[][] = [[]];
  for (const node of nodes) {
    if (isSymbol(node, ',')) parts.push([]);
    else parts.at(-1)!.push(node);
  }
  return parts;
}
