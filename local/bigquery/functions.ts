import { invalidQuery, unsupported } from './errors.ts';

/**
 * The GoogleSQL functions this warehouse runs. Each takes its translated arguments and gives DuckDB SQL; a
 * function that is missing here is refused, since many names exist in both dialects and mean different things.
 */
type Translation = (...args: string[]) => string;

const SAME_NAME = `
  ABS ACOS ASIN ATAN ATAN2 COS SIN TAN CEIL CEILING FLOOR SQRT EXP LN LOG10 POW POWER SIGN
  LOWER UPPER LENGTH TRIM LTRIM RTRIM REPLACE REVERSE REPEAT STRPOS SUBSTR SUBSTRING STARTS_WITH ENDS_WITH
  COALESCE NULLIF ERROR
  COUNT SUM AVG MIN MAX ANY_VALUE STRING_AGG ARRAY_AGG APPROX_COUNT_DISTINCT CORR COVAR_POP COVAR_SAMP
  STDDEV STDDEV_POP STDDEV_SAMP VARIANCE VAR_POP VAR_SAMP BIT_AND BIT_OR BIT_XOR
  ROW_NUMBER RANK DENSE_RANK PERCENT_RANK CUME_DIST NTILE LAG LEAD FIRST_VALUE LAST_VALUE NTH_VALUE
`
  .trim()
  .split(/\s+/);

const RENAMED: Record<string, string> = {
  BYTE_LENGTH: 'strlen',
  CHAR_LENGTH: 'length',
  COUNTIF: 'count_if',
  LOGICAL_AND: 'bool_and',
  LOGICAL_OR: 'bool_or',
  ARRAY_LENGTH: 'len',
  ARRAY_CONCAT: 'list_concat',
  ARRAY_REVERSE: 'list_reverse',
  ARRAY_TO_STRING: 'array_to_string',
  GENERATE_ARRAY: 'generate_series',
  REGEXP_CONTAINS: 'regexp_matches',
  TO_BASE64: 'base64',
  FROM_BASE64: 'from_base64',
  FROM_HEX: 'unhex',
  RAND: 'random',
  DIV: 'googlesql_div',
  MOD: 'googlesql_mod',
  IS_NAN: 'isnan',
  IS_INF: 'isinf',
  UNIX_MILLIS: 'epoch_ms',
  UNIX_MICROS: 'epoch_us',
  TIMESTAMP_MICROS: 'make_timestamptz',
};

const UNITS = new Set(
  'MICROSECOND MILLISECOND SECOND MINUTE HOUR DAY WEEK ISOWEEK MONTH QUARTER YEAR ISOYEAR'.split(' '),
);

/** The DuckDB name of a date part, e.g. `DAY`. Throws where GoogleSQL means something DuckDB can't do. */
export function datePart(part: string): string {
  const unit = part.toUpperCase();
  // DuckDB's weeks begin on Monday, GoogleSQL's on Sunday.
  if (unit === 'WEEK' || unit.startsWith('WEEK(')) throw unsupported('date part WEEK; ISOWEEK is');
  if (!UNITS.has(unit)) throw invalidQuery(`A valid date part name is required but found ${part}`);
  return unit === 'ISOWEEK' ? 'week' : unit.toLowerCase();
}

const add: Translation = (value, interval) => `(${value} + ${interval})`;
const subtract: Translation = (value, interval) => `(${value} - ${interval})`;
const truncate: Translation = (value, part) => `date_trunc('${datePart(part)}', ${value})`;
const boundaries: Translation = (end, start, part) => `date_diff('${datePart(part)}', ${start}, ${end})`;
const wholeUnits: Translation = (end, start, part) => `date_sub('${datePart(part)}', ${start}, ${end})`;
const castTo = (type: string) => (value: string) => `CAST(${value} AS ${type})`;
const unlessNull = (name: string): Translation => {
  return (...args) =>
    `CASE WHEN ${args.map((arg) => `(${arg}) IS NULL`).join(' OR ')} THEN NULL ELSE ${name}(${args}) END`;
};
const toDigits = (name: string): Translation => {
  return (value, digits) =>
    digits === undefined ? `${name}(${value})` : `${name}(${value}, CAST(${digits} AS INTEGER))`;
};
const jsonText: Translation = (json, path = "'$'") => `json_extract_string(${json}, ${path})`;
const regexpExtract: Translation = (text, pattern) => {
  // RE2 returns the capturing group if there is one; DuckDB gives '' where GoogleSQL gives NULL.
  const group = /(?<!\\)\((?!\?)/.test(pattern) ? 1 : 0;
  if (!pattern.startsWith("'")) throw unsupported('REGEXP_EXTRACT with a pattern that is not a literal');
  return `CASE WHEN regexp_matches(${text}, ${pattern}) THEN regexp_extract(${text}, ${pattern}, ${group}) END`;
};

const REWRITTEN: Record<string, Translation> = {
  IF: (condition, then, otherwise) => `CASE WHEN ${condition} THEN ${then} ELSE ${otherwise} END`,
  IFNULL: (value, otherwise) => `coalesce(${value}, ${otherwise})`,
  SAFE_DIVIDE: (a, b) => `((${a}) / nullif((${b}), 0))`,
  IEEE_DIVIDE: (a, b) => `system.main."/"(CAST(${a} AS DOUBLE), CAST(${b} AS DOUBLE))`,
  ROUND: toDigits('round'),
  TRUNC: toDigits('trunc'),
  LOG: (value, base) => (base === undefined ? `ln(${value})` : `(ln(${value}) / ln(${base}))`),
  GREATEST: unlessNull('greatest'),
  LEAST: unlessNull('least'),
  CONCAT: (...parts) => `(${parts.map((part) => `(${part})`).join(' || ')})`,
  LPAD: (text, length, pad = "' '") => `lpad(${text}, CAST(${length} AS INTEGER), ${pad})`,
  RPAD: (text, length, pad = "' '") => `rpad(${text}, CAST(${length} AS INTEGER), ${pad})`,
  SPLIT: (text, separator = "','") => `string_split(${text}, ${separator})`,
  REGEXP_REPLACE: (text, pattern, by) => `regexp_replace(${text}, ${pattern}, ${by}, 'g')`,
  REGEXP_EXTRACT: regexpExtract,
  // Bytes that are no UTF-8 become NULL here, in BigQuery replacement characters.
  SAFE_CONVERT_BYTES_TO_STRING: (bytes) => `TRY(decode(${bytes}))`,
  TO_HEX: (bytes) => `lower(hex(${bytes}))`,
  MD5: (text) => `unhex(md5(${text}))`,
  SHA1: (text) => `unhex(sha1(${text}))`,
  SHA256: (text) => `unhex(sha256(${text}))`,
  GENERATE_UUID: () => 'CAST(uuid() AS VARCHAR)',
  APPROX_QUANTILES: (value, count) => {
    const buckets = Number(count);
    if (!Number.isInteger(buckets) || buckets < 1) throw unsupported('APPROX_QUANTILES of a computed number');
    const points = Array.from({ length: buckets + 1 }, (_, index) => index / buckets);
    return `quantile_disc(${value}, [${points.join(', ')}])`;
  },
  TO_JSON_STRING: (value) => `CAST(to_json(${value}) AS VARCHAR)`,
  TO_JSON: (value) => `to_json(${value})`,
  PARSE_JSON: castTo('JSON'),
  JSON_VALUE: jsonText,
  JSON_EXTRACT_SCALAR: jsonText,
  JSON_QUERY: (json, path = "'$'") => `json_extract(${json}, ${path})`,
  CURRENT_TIMESTAMP: () => 'now()',
  CURRENT_DATE: () => 'CAST(now() AS DATE)',
  CURRENT_DATETIME: () => 'CAST(now() AS TIMESTAMP)',
  TIMESTAMP: castTo('TIMESTAMPTZ'),
  DATETIME: castTo('TIMESTAMP'),
  TIME: castTo('TIME'),
  DATE: (...args) => (args.length === 3 ? `make_date(${args})` : `CAST(${args[0]} AS DATE)`),
  UNIX_SECONDS: (value) => `CAST(floor(epoch(${value})) AS BIGINT)`,
  TIMESTAMP_SECONDS: (value) => `to_timestamp(${value})`,
  TIMESTAMP_MILLIS: (value) => `make_timestamptz((${value}) * 1000)`,
  TIMESTAMP_ADD: add,
  DATETIME_ADD: add,
  DATE_ADD: (value, interval) => `CAST(${add(value, interval)} AS DATE)`,
  TIMESTAMP_SUB: subtract,
  DATETIME_SUB: subtract,
  DATE_SUB: (value, interval) => `CAST(${subtract(value, interval)} AS DATE)`,
  TIMESTAMP_DIFF: wholeUnits,
  DATETIME_DIFF: boundaries,
  DATE_DIFF: boundaries,
  TIMESTAMP_TRUNC: truncate,
  DATETIME_TRUNC: truncate,
  DATE_TRUNC: (value, part) => `CAST(${truncate(value, part)} AS DATE)`,
};

const FUNCTIONS = new Map<string, Translation>([
  ...SAME_NAME.map((name): [string, Translation] => [
    name,
    (...args) => `${name.toLowerCase()}(${args.join(', ')})`,
  ]),
  ...Object.entries(RENAMED).map(([name, duckdb]): [string, Translation] => [
    name,
    (...args) => `${duckdb}(${args.join(', ')})`,
  ]),
  ...Object.entries(REWRITTEN),
]);

/**
 * A function call in DuckDB's words.
 *
 * @param name the GoogleSQL name, upper case
 * @param args the arguments, already translated
 */
export function callFunction(name: string, args: string[]): string {
  const translate = FUNCTIONS.get(name);
  if (!translate) throw unsupported(`function ${name}`);
  return translate(...args);
}
