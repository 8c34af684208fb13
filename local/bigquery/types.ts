import { DuckDBListType, DuckDBStructType, type DuckDBType, DuckDBTypeId } from '@duckdb/node-api';
import type { TableField } from '../boundaries.ts';
import { quoteName } from './duckdb.ts';
import { invalid, unsupported } from './errors.ts';

/** Each BigQuery type as the REST API names it, with the DuckDB type that stores it. */
const DUCKDB_TYPE = {
  STRING: 'VARCHAR',
  BYTES: 'BLOB',
  INTEGER: 'BIGINT',
  FLOAT: 'DOUBLE',
  BOOLEAN: 'BOOLEAN',
  TIMESTAMP: 'TIMESTAMPTZ',
  DATE: 'DATE',
  TIME: 'TIME',
  DATETIME: 'TIMESTAMP',
  NUMERIC: 'DECIMAL(38,9)',
  BIGNUMERIC: 'DECIMAL(38,18)',
  JSON: 'JSON',
} as const;

const STANDARD_NAMES: Record<string, string> = {
  INT64: 'INTEGER',
  INT: 'INTEGER',
  SMALLINT: 'INTEGER',
  BIGINT: 'INTEGER',
  TINYINT: 'INTEGER',
  BYTEINT: 'INTEGER',
  FLOAT64: 'FLOAT',
  BOOL: 'BOOLEAN',
  DECIMAL: 'NUMERIC',
  BIGDECIMAL: 'BIGNUMERIC',
  STRUCT: 'RECORD',
};

/** The REST API's name of a type that may be given by its GoogleSQL name. Throws on types BigQuery lacks. */
export function typeName(name: string): string {
  const upper = name.toUpperCase();
  const legacy = STANDARD_NAMES[upper] ?? upper;
  if (legacy === 'RECORD' || legacy in DUCKDB_TYPE) return legacy;
  if (['GEOGRAPHY', 'INTERVAL', 'RANGE'].includes(legacy)) throw unsupported(`type ${legacy}`);
  throw invalid(`Invalid value for type: ${name} is not a valid value`);
}

/** A schema as BigQuery stores it: type names in one spelling, every mode spelt out. */
export function normalizeFields(fields: TableField[]): TableField[] {
  return fields.map((field) => ({
    ...field,
    type: typeName(field.type),
    mode: field.mode?.toUpperCase() ?? 'NULLABLE',
    ...(field.fields ? { fields: normalizeFields(field.fields) } : {}),
  }));
}

/** The DuckDB type of a column; `scalar` may override how a type other than RECORD is stored. */
export function duckdbType(
  field: TableField,
  scalar: (type: string) => string = (type) => DUCKDB_TYPE[type as keyof typeof DUCKDB_TYPE],
): string {
  const type = typeName(field.type);
  const members = field.fields ?? [];
  const single =
    type === 'RECORD'
      ? `STRUCT(${members.map((member) => `${quoteName(member.name)} ${duckdbType(member, scalar)}`).join(', ')})`
      : scalar(type);
  return field.mode === 'REPEATED' ? `${single}[]` : single;
}

const GOOGLESQL_NAMES: Record<string, string> = { INTEGER: 'INT64', FLOAT: 'FLOAT64', BOOLEAN: 'BOOL' };

/** The type as GoogleSQL writes it, e.g. `ARRAY<STRUCT<a INT64>>`. */
export function googlesqlType(field: TableField): string {
  const members = (field.fields ?? []).map((member) => `${member.name} ${googlesqlType(member)}`);
  const type =
    field.type === 'RECORD' ? `STRUCT<${members.join(', ')}>` : (GOOGLESQL_NAMES[field.type] ?? field.type);
  return field.mode === 'REPEATED' ? `ARRAY<${type}>` : type;
}

/** A column as DDL writes it. */
export function columnDefinition(field: TableField): string {
  return `${quoteName(field.name)} ${duckdbType(field)}${field.mode === 'REQUIRED' ? ' NOT NULL' : ''}`;
}

/** The BigQuery column that holds values of a DuckDB type. */
export function fieldOf(name: string, type: DuckDBType): TableField {
  if (type instanceof DuckDBListType) {
    return { ...fieldOf(name, type.valueType), mode: 'REPEATED' };
  }
  if (type instanceof DuckDBStructType) {
    const fields = type.entryNames.map((entry, index) => fieldOf(entry, type.entryTypes[index]));
    return { name, type: 'RECORD', mode: 'NULLABLE', fields };
  }
  return { name, type: scalarName(type), mode: 'NULLABLE' };
}

function scalarName(type: DuckDBType): string {
  if (type.alias === 'JSON') return 'JSON';
  switch (type.typeId) {
    case DuckDBTypeId.SQLNULL:
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.SMALLINT:
    case DuckDBTypeId.INTEGER:
    case DuckDBTypeId.BIGINT:
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.UTINYINT:
    case DuckDBTypeId.USMALLINT:
    case DuckDBTypeId.UINTEGER:
    case DuckDBTypeId.UBIGINT:
    case DuckDBTypeId.UHUGEINT:
      return 'INTEGER';
    case DuckDBTypeId.FLOAT:
    case DuckDBTypeId.DOUBLE:
      return 'FLOAT';
    case DuckDBTypeId.DECIMAL:
      return type.toString() === DUCKDB_TYPE.BIGNUMERIC ? 'BIGNUMERIC' : 'NUMERIC';
    case DuckDBTypeId.BOOLEAN:
      return 'BOOLEAN';
    case DuckDBTypeId.BLOB:
      return 'BYTES';
    case DuckDBTypeId.DATE:
      return 'DATE';
    case DuckDBTypeId.TIME:
      return 'TIME';
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_S:
    case DuckDBTypeId.TIMESTAMP_MS:
    case DuckDBTypeId.TIMESTAMP_NS:
      return 'DATETIME';
    case DuckDBTypeId.TIMESTAMP_TZ:
      return 'TIMESTAMP';
    default:
      return 'STRING';
  }
}
