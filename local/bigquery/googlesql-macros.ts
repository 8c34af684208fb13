/**
 * DuckDB macros for what GoogleSQL computes otherwise than DuckDB. A macro's argument is pasted wherever the macro
 * names it, so each is named as rarely as can be; `typeof` is settled when a statement is bound. A macro comes after
 * those it calls.
 */
const MACROS: Record<string, string> = {
  'googlesql_division_by_zero(a, b)': `error('division by zero: '
    || regexp_replace(CAST(a AS VARCHAR), '\\.0$', '') || ' / ' || regexp_replace(CAST(b AS VARCHAR), '\\.0$', ''))`,
  // DuckDB finds a session's own macro before its operator, and divides by zero to infinity.
  '"/"(a, b)': `CASE
    WHEN regexp_matches(typeof(a) || ' ' || typeof(b), '^(DECIMAL\\S* (DECIMAL|\\w*INT)|\\w*INT DECIMAL)')
      THEN error('not supported by the local BigQuery: division of NUMERIC values')
    WHEN b = 0 THEN googlesql_division_by_zero(a, b)
    ELSE system.main."/"(a, b) END`,
  'googlesql_div(a, b)': 'CASE WHEN b = 0 THEN googlesql_division_by_zero(a, b) ELSE a // b END',
  'googlesql_mod(a, b)': 'CASE WHEN b = 0 THEN googlesql_division_by_zero(a, b) ELSE a % b END',

  // DuckDB rounds halves to even, and reads '2.5' as an integer.
  'googlesql_safe_int64(x)': `CASE
    WHEN typeof(x) = 'DOUBLE' THEN TRY_CAST(round(TRY_CAST(x AS DOUBLE)) AS BIGINT)
    WHEN typeof(x) <> 'VARCHAR' THEN TRY_CAST(x AS BIGINT)
    WHEN regexp_full_match(CAST(x AS VARCHAR), '\\s*([+-]?\\d+|0[xX][0-9a-fA-F]+)\\s*') THEN TRY_CAST(x AS BIGINT) END`,
  'googlesql_int64(x)': `coalesce(googlesql_safe_int64(x), CASE WHEN x IS NOT NULL THEN error(
    CASE typeof(x) WHEN 'VARCHAR' THEN 'Bad int64 value: ' ELSE 'int64 out of range: ' END || CAST(x AS VARCHAR)) END)`,

  // DuckDB reads '1', 't' and 'yes' as true.
  'googlesql_safe_bool(x)': `CASE
    WHEN typeof(x) <> 'VARCHAR' THEN TRY_CAST(x AS BOOLEAN)
    ELSE CASE lower(CAST(x AS VARCHAR)) WHEN 'true' THEN true WHEN 'false' THEN false END END`,
  'googlesql_bool(x)': `coalesce(googlesql_safe_bool(x),
    CASE WHEN x IS NOT NULL THEN error('Bad bool value: ' || CAST(x AS VARCHAR)) END)`,

  // DuckDB writes 1.0 for the FLOAT64 1, pads a NUMERIC with zeros, and escapes BYTES.
  'googlesql_float64_text(x)': `CASE
    WHEN x = 0 THEN '0'
    WHEN CAST(format('{:.15g}', x) AS DOUBLE) = x THEN format('{:.15g}', x)
    ELSE format('{:.17g}', x) END`,
  'googlesql_string(x)': `CASE
    WHEN typeof(x) = 'DOUBLE' THEN googlesql_float64_text(TRY_CAST(x AS DOUBLE))
    WHEN typeof(x) = 'BLOB' THEN decode(TRY_CAST(x AS BLOB))
    WHEN starts_with(typeof(x), 'DECIMAL') THEN regexp_replace(CAST(x AS VARCHAR), '\\.0*$|(\\.\\d*[1-9])0+$', '\\1')
    ELSE CAST(x AS VARCHAR) END`,
  'googlesql_safe_string(x)': `CASE
    WHEN typeof(x) = 'BLOB' THEN TRY(decode(TRY_CAST(x AS BLOB)))
    ELSE googlesql_string(x) END`,

  // DuckDB reads escapes in text that becomes a blob.
  'googlesql_bytes(x)': `CASE WHEN typeof(x) = 'VARCHAR' THEN encode(CAST(x AS VARCHAR)) ELSE CAST(x AS BLOB) END`,
};

/** The statements that define the macros in a session. */
export const MACRO_DEFINITIONS: string[] = Object.entries(MACROS).map(
  ([signature, body]) => `CREATE TEMP MACRO ${signature} AS ${body}`,
);

const CASTS: Record<string, { cast: string; safeCast: string }> = {
  INTEGER: { cast: 'googlesql_int64', safeCast: 'googlesql_safe_int64' },
  BOOLEAN: { cast: 'googlesql_bool', safeCast: 'googlesql_safe_bool' },
  STRING: { cast: 'googlesql_string', safeCast: 'googlesql_safe_string' },
  BYTES: { cast: 'googlesql_bytes', safeCast: 'googlesql_bytes' },
};

/** The macro that casts to a type, by the REST API's name of it; `undefined` where DuckDB's own cast serves. */
export function castMacro(type: string, safe: boolean): string | undefined {
  return CASTS[type]?.[safe ? 'safeCast' : 'cast'];
}
