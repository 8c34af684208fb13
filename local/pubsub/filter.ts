import { invalidArgument } from './errors.ts';

export type Attributes = Record<string, string>;
export type MessageFilter = (attributes: Attributes) => boolean;

const TOKEN = /\s*(hasPrefix\b|AND\b|OR\b|NOT\b|!=|[()=:,.-]|"(?:[^"\\]|\\.)*"|[A-Za-z_][\w-]*)/y;
const MAXIMUM_BYTES = 256;

/**
 * Compiles an expression of Pub/Sub's filter language, over a message's attributes.
 *
 * @throws INVALID_ARGUMENT when the expression is malformed or longer than 256 bytes
 */
export function compileFilter(expression: string): MessageFilter {
  if (expression === '') return () => true;
  if (Buffer.byteLength(expression) > MAXIMUM_BYTES) {
    throw invalidArgument(
      `Invalid filter: at most ${MAXIMUM_BYTES} bytes are allowed (filter=${expression}).`,
    );
  }
  return new FilterParser(expression).parse();
}

class FilterParser {
  readonly #expression: string;
  readonly #tokens: string[];
  #position = 0;

  constructor(expression: string) {
    this.#expression = expression;
    this.#tokens = this.#tokenize();
  }

  parse(): MessageFilter {
    const filter = this.#disjunctionOrConjunction();
    if (this.#position < this.#tokens.length) throw this.#malformed(`unexpected ${this.#peek()}`);
    return filter;
  }

  #disjunctionOrConjunction(): MessageFilter {
    const operands = [this.#operand()];
    const operator = this.#peek();
    if (operator !== 'AND' && operator !== 'OR') return operands[0];
    while (this.#peek() === 'AND' || this.#peek() === 'OR') {
      if (this.#next() !== operator) throw this.#malformed('AND and OR need parentheses to be combined');
      operands.push(this.#operand());
    }
    return operator === 'AND'
      ? (attributes) => operands.every((matches) => matches(attributes))
      : (attributes) => operands.some((matches) => matches(attributes));
  }

  #operand(): MessageFilter {
    const token = this.#next();
    if (token === 'NOT' || token === '-') {
      const negated = this.#operand();
      return (attributes) => !negated(attributes);
    }
    if (token === '(') {
      const inner = this.#disjunctionOrConjunction();
      this.#expect(')');
      return inner;
    }
    if (token === 'hasPrefix') return this.#prefix();
    if (token === 'attributes') return this.#comparison();
    throw this.#malformed(`unexpected ${token}`);
  }

  #prefix(): MessageFilter {
    for (const token of ['(', 'attributes', '.']) this.#expect(token);
    const key = this.#text();
    this.#expect(',');
    const prefix = this.#text();
    this.#expect(')');
    return (attributes) => Object.hasOwn(attributes, key) && attributes[key].startsWith(prefix);
  }

  #comparison(): MessageFilter {
    const separator = this.#next();
    const key = this.#text();
    if (separator === ':') return (attributes) => Object.hasOwn(attributes, key);
    if (separator !== '.') throw this.#malformed(`unexpected ${separator}`);
    const operator = this.#next();
    if (operator !== '=' && operator !== '!=') throw this.#malformed(`unexpected ${operator}`);
    const value = this.#text();
    const equals: MessageFilter = (attributes) => Object.hasOwn(attributes, key) && attributes[key] === value;
    return operator === '=' ? equals : (attributes) => !equals(attributes);
  }

  #text(): string {
    const token = this.#next();
    if (token.startsWith('"')) return token.slice(1, -1).replace(/\\(.)/g, '$1');
    if (!/^[A-Za-z_]/.test(token)) throw this.#malformed(`unexpected ${token}`);
    return token;
  }

  #expect(token: string): void {
    const found = this.#next();
    if (found !== token) throw this.#malformed(`expected ${token}, found ${found}`);
  }

  #peek(): string | undefined {
    return this.#tokens[this.#position];
  }

  #next(): string {
    const token = this.#tokens[this.#position++];
    if (token === undefined) throw this.#malformed('unexpected end');
    return token;
  }

  #tokenize(): string[] {
    const source = this.#expression.trimEnd();
    const tokens: string[] = [];
    const pattern = new RegExp(TOKEN);
    while (pattern.lastIndex < source.length) {
      const at = pattern.lastIndex;
      const match = pattern.exec(source);
      if (!match) throw this.#malformed(`unexpected text at position ${at}`);
      tokens.push(match[1]);
    }
    return tokens;
  }

  #malformed(reason: string) {
    return invalidArgument(`Invalid filter: ${reason} (filter=${this.#expression}).`);
  }
}
