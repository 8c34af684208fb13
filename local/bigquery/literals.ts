import { quoteText } from './duckdb.ts';
import { invalidQuery } from './errors.ts';
import { isSymbol, keyword, type Node } from './lexer.ts';
import { duckdbType } from './types.ts';

const TYPED = new Set(['DATE', 'DATETIME', 'TIMESTAMP', 'TIME', 'NUMERIC', 'BIGNUMERIC', 'JSON']);
const LARGEST_INT64 = 2n ** 63n - 1n;

/** A number as GoogleSQL types it: INT64, or FLOAT64 when it has a point or an exponent. */
export function numberLiteral(text: string): string {
  // With a point and no exponent it would be a DECIMAL in DuckDB.
  if (/^[\d.]*\.[\d.]*$/.test(text)) return `${text}e0`;
  if (/^[\d.]+e/i.test(text)) return text;
  const value = BigInt(text);
  if (value > LARGEST_INT64) throw invalidQuery(`Invalid integer literal: ${text}`);
  return `CAST(${value} AS BIGINT)`;
}

/** The smallest INT64, when `-` stands at `index` before its digits: without the sign they are out of range. */
export function smallestInteger(nodes: Node[], index: number): string | undefined {
  const digits = nodes[index + 1];
  const isSmallest = digits?.kind === 'number' && digits.text === String(LARGEST_INT64 + 1n);
  return isSmallest && isSymbol(nodes[index], '-') ? `CAST(-${digits.text} AS BIGINT)` : undefined;
}

/** Whether the number at `index` names a column by its position in the list after GROUP BY or ORDER BY. */
export function isOrdinal(nodes: Node[], index: number): boolean {
  const before = nodes[index - 1];
  const after = nodes[index + 1];
  return (
    nodes[index].kind === 'number' &&
    (keyword(before) === 'BY' || isSymbol(before, ',')) &&
    (after === undefined || after.kind === 'word' || isSymbol(after, ','))
  );
}

/** `DATE '2026-11-22'` and its like; `undefined` where none starts at `index`. */
export function typedLiteral(nodes: Node[], index: number): string | undefined {
  const type = keyword(nodes[index])!;
  const text = nodes[index + 1];
  if (!TYPED.has(type) || text?.kind !== 'string') return undefined;
  return `CAST(${quoteText(text.text)} AS ${duckdbType({ name: '', type })})`;
}

/** `b'…'` as DuckDB writes it. */
export function bytesLiteral(text: string): string {
  return `unhex('${Buffer.from(text, 'latin1').toString('hex')}')`;
}
