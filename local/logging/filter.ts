import { type Comparison, compare, fieldValue, isFilterableField } from './filter-comparison.ts';
import { pathParts, type Token, tokenize, unquote, unsupported } from './filter-tokens.ts';
import type { StoredLogEntry } from './log-entry.ts';

/** Whether an entry passes. */
export type LogFilter = (entry: StoredLogEntry) => boolean;

/**
 * Compiles a filter: comparisons of fields with values, joined by AND (or nothing), OR, NOT (or -) and parentheses.
 * Throws INVALID_ARGUMENT that names the part which isn't supported, as searches without a field are not.
 */
export function compileFilter(filter: string): LogFilter {
  const parser = new FilterParser(tokenize(filter));
  return filter.trim() === '' ? () => true : parser.parse();
}

class FilterParser {
  readonly #tokens: Token[];
  #at = 0;

  constructor(tokens: Token[]) {
    this.#tokens = tokens;
  }

  parse(): LogFilter {
    const filter = this.#conjunction();
    const rest = this.#tokens[this.#at];
    if (rest) throw unsupported(rest.text);
    return filter;
  }

  /** In this language OR binds more tightly than AND. */
  #conjunction(): LogFilter {
    const terms = [this.#disjunction()];
    while (this.#at < this.#tokens.length && this.#peek()?.text !== ')') {
      this.#take('AND');
      terms.push(this.#disjunction());
    }
    return (entry) => terms.every((term) => term(entry));
  }

  #disjunction(): LogFilter {
    const terms = [this.#term()];
    while (this.#take('OR')) terms.push(this.#term());
    return (entry) => terms.some((term) => term(entry));
  }

  #term(): LogFilter {
    if (this.#take('NOT')) {
      const negated = this.#term();
      return (entry) => !negated(entry);
    }
    if (this.#take('(')) {
      const inner = this.#conjunction();
      if (!this.#take(')')) throw unsupported('( without )');
      return inner;
    }
    return this.#comparison();
  }

  #comparison(): LogFilter {
    const [field, operator, value] = this.#tokens.slice(this.#at, this.#at + 3);
    const negated = field?.text.startsWith('-') && !field.quoted;
    const path = pathParts(negated ? field!.text.slice(1) : (field?.text ?? ''));
    if (field?.kind !== 'word' || field.quoted || operator?.kind !== 'operator' || !isFilterableField(path)) {
      throw unsupported(
        [field, operator, value]
          .map((token) => token?.text ?? '')
          .join(' ')
          .trim(),
      );
    }
    this.#at += 2;
    const test = this.#values(path, operator.text as Comparison);
    return negated ? (entry) => !test(entry) : test;
  }

  /** What stands right of an operator: a value, or `("a" OR "b")`. */
  #values(path: string[], operator: Comparison): LogFilter {
    if (!this.#take('(')) return this.#valueTest(path, operator);
    const tests = [this.#valueTest(path, operator)];
    const all = this.#peek()?.text === 'AND';
    while (this.#take(all ? 'AND' : 'OR')) tests.push(this.#valueTest(path, operator));
    if (!this.#take(')')) throw unsupported(`${path.join('.')}${operator}( without )`);
    return (entry) => (all ? tests.every((test) => test(entry)) : tests.some((test) => test(entry)));
  }

  #valueTest(path: string[], operator: Comparison): LogFilter {
    const token = this.#tokens[this.#at++];
    if (token?.kind !== 'word' || ['AND', 'OR', 'NOT'].includes(token.text))
      throw unsupported(`${path.join('.')}${operator}${token?.text ?? ''}`);
    const matches = compare(path, operator, unquote(token.text));
    return (entry) => matches(fieldValue(entry, path));
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #take(text: string): boolean {
    const token = this.#peek();
    if (token?.text !== text || token.quoted) return false;
    this.#at++;
    return true;
  }
}
