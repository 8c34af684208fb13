import { StatusError } from '../status.ts';

/** A piece of a filter; `text` is what it means, `quoted` whether it was a string literal. */
export interface Token {
  text: string;
  kind: 'operator' | 'parenthesis' | 'word';
  quoted: boolean;
}

/** A field path or value, in which dots may join words and quoted words: `labels."a.b"`. */
const WORD = /(?:"(?:[^"\\]|\\.)*"|[^\s()=!<>:~"])+/y;
const OPERATOR = /<=|>=|!=|=~|!~|=|<|>|:/y;

/** Splits a filter of Cloud Logging's query language. Throws INVALID_ARGUMENT for a part that is no token. */
export function tokenize(filter: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(filter)?.[0];
  };
  while (at < filter.length) {
    const skipped = match(/(?:\s+|--[^\n]*)+/y);
    const operator = skipped === undefined ? match(OPERATOR) : undefined;
    const parenthesis = match(/[()]/y);
    const word = match(WORD);
    const text = skipped ?? operator ?? parenthesis ?? word;
    if (text === undefined) throw unsupported(filter.slice(at));
    if (operator) tokens.push({ text, kind: 'operator', quoted: false });
    else if (parenthesis) tokens.push({ text, kind: 'parenthesis', quoted: false });
    else if (word && !skipped) tokens.push({ text, kind: 'word', quoted: text.startsWith('"') });
    at += text.length;
  }
  return tokens;
}

/** What a word stands for as a value: without its quotes. */
export function unquote(word: string): string {
  return word.startsWith('"') && word.endsWith('"') ? word.slice(1, -1).replace(/\\(.)/g, '$1') : word;
}

/** The parts of a field path: `labels."a.b"` is `labels`, `a.b`. */
export function pathParts(word: string): string[] {
  return (word.match(/"(?:[^"\\]|\\.)*"|[^."]+/g) ?? []).map(unquote);
}

/** The answer to a filter, or a part of one, that isn't understood. */
export function unsupported(part: string): StatusError {
  return new StatusError(
    'INVALID_ARGUMENT',
    `Unparseable filter: the local cloud does not understand ${JSON.stringify(part.slice(0, 120))}.`,
  );
}
