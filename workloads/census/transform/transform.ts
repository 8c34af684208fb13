// The user-defined function of Dataflow's text template: one line of a census file in, one JSON row out.
//
// The template runs it on Nashorn, so compile.ts turns this file into ES5 and moves everything below into the one
// exported function. Only the ES5 library may be used: no String.prototype.includes, no Number.isInteger.
//
// The template splits its input at every line end, whatever quotes surround it, so a quoted field could never be
// honoured in full. Quotes are therefore ordinary characters, as they are in the original data set.

interface Column {
  name: string;
  /** Present on integer columns. Wide enough for unusual people; what lies outside is a damaged file. */
  range?: { least: number; most: number };
}

type Row = Record<string, string | number | null>;

const COLUMNS: Column[] = [
  { name: 'age', range: { least: 0, most: 130 } },
  { name: 'workclass' },
  { name: 'fnlwgt', range: { least: 0, most: 99999999 } },
  { name: 'education' },
  { name: 'education_num', range: { least: 1, most: 16 } },
  { name: 'marital_status' },
  { name: 'occupation' },
  { name: 'relationship' },
  { name: 'race' },
  { name: 'gender' },
  { name: 'capital_gain', range: { least: 0, most: 9999999 } },
  { name: 'capital_loss', range: { least: 0, most: 9999999 } },
  { name: 'hours_per_week', range: { least: 0, most: 168 } },
  { name: 'native_country' },
  { name: 'income_bracket' },
];

const REASON_TEXT_LIMIT = 120;
const RAW_LINE_LIMIT = 4096;

/**
 * Turns one line of a census file into a row of the staging table, as JSON.
 *
 * A line that breaks the format becomes a row whose census columns are all null, with the reason and the line itself
 * in the two `baton_` columns: it is counted and can be read, and never stops the job.
 *
 * @param line one line, without its line end
 * @returns the row; null for a line that holds none: a header, a blank line, the comment atop the original `adult.test`
 */
export function transform(line: string): string | null {
  const text = line.trim();
  if (text === '' || text.charAt(0) === '|') return null;
  const values = line.split(',').map(trimmed);
  if (isHeader(values)) return null;

  if (values.length !== COLUMNS.length) {
    return rejected(line, `row: expected ${COLUMNS.length} columns, found ${values.length}`);
  }
  const row: Row = {};
  for (let i = 0; i < COLUMNS.length; i++) {
    const column = COLUMNS[i];
    const problem = problemOf(column, values[i]);
    if (problem !== null) return rejected(line, `${column.name}: ${problem}`);
    row[column.name] = typed(column, values[i]);
  }
  row.baton_reject_reason = null;
  row.baton_raw = null;
  return JSON.stringify(row);
}

/** ES5's trim also removes a byte order mark, which a file's first line may begin with. */
function trimmed(value: string): string {
  return value.trim();
}

function isHeader(values: string[]): boolean {
  return values.join() === COLUMNS.map((column) => column.name).join();
}

function problemOf(column: Column, value: string): string | null {
  if (isDamaged(value)) return `${quoted(value)} has characters that are not text`;
  if (column.name === 'income_bracket') {
    return label(value) === null ? `${quoted(value)} is neither "<=50K" nor ">50K"` : null;
  }
  if (!column.range) return null;
  if (!/^-?[0-9]+$/.test(value)) return `${quoted(value)} is not an integer`;
  if (Number(value) < column.range.least || Number(value) > column.range.most) {
    return `${quoted(value)} is not in ${column.range.least}..${column.range.most}`;
  }
  return null;
}

/** Control characters, or U+FFFD, which a reader puts in place of bytes that are not UTF-8. */
function isDamaged(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0xfffd) return true;
  }
  return false;
}

function typed(column: Column, value: string): string | number | null {
  if (column.name === 'income_bracket') return label(value);
  if (column.range) return Number(value);
  return value === '?' ? '' : value;
}

/** The labels of the original `adult.test` end with a full stop. */
function label(value: string): string | null {
  const match = /^(<=50K|>50K)\.?$/.exec(value);
  return match ? match[1] : null;
}

function rejected(line: string, reason: string): string {
  const row: Row = {};
  for (let i = 0; i < COLUMNS.length; i++) row[COLUMNS[i].name] = null;
  row.baton_reject_reason = reason;
  row.baton_raw = shortened(line, RAW_LINE_LIMIT);
  return JSON.stringify(row);
}

function quoted(value: string): string {
  return JSON.stringify(shortened(value, REASON_TEXT_LIMIT));
}

/** Cuts a text, but never through a surrogate pair: half a pair is not valid UTF-8. */
function shortened(text: string, limit: number): string {
  if (text.length <= limit) return text;
  return text.slice(0, limit).replace(/[\ud800-\udbff]$/, '');
}
