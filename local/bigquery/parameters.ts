import { z } from 'zod';
import { quoteName, quoteText } from './duckdb.ts';
import { invalid } from './errors.ts';
import { duckdbType, typeName } from './types.ts';

export interface ParameterType {
  type: string;
  arrayType?: ParameterType;
  structTypes?: { name?: string; type: ParameterType }[];
}

export interface ParameterValue {
  value?: string | number | boolean | null;
  arrayValues?: ParameterValue[] | null;
  structValues?: Record<string, ParameterValue> | null;
}

const ParameterType: z.ZodType<ParameterType> = z.lazy(() =>
  z.object({
    type: z.string(),
    arrayType: ParameterType.optional(),
    structTypes: z.array(z.object({ name: z.string().optional(), type: ParameterType })).optional(),
  }),
);

const ParameterValue: z.ZodType<ParameterValue> = z.lazy(() =>
  z.object({
    value: z.union([z.string(), z.number(), z.boolean(), z.null()]).optional(),
    arrayValues: z.array(ParameterValue).nullish(),
    structValues: z.record(z.string(), ParameterValue).nullish(),
  }),
);

/** A query parameter of the REST API. */
export const QueryParameter = z.object({
  name: z.string().optional(),
  parameterType: ParameterType,
  parameterValue: ParameterValue.optional(),
});
export type QueryParameter = z.infer<typeof QueryParameter>;

/** The parameter as a DuckDB literal; DDL can't take bound values, and so every statement gets literals. */
export function parameterLiteral({ parameterType, parameterValue }: QueryParameter): string {
  return literal(parameterType, parameterValue ?? {});
}

function literal(type: ParameterType, value: ParameterValue): string {
  if (type.type.toUpperCase() === 'ARRAY') {
    if (!type.arrayType) throw invalid('Array parameter type without arrayType');
    const element = type.arrayType;
    const items = (value.arrayValues ?? []).map((item) => literal(element, item));
    return `CAST([${items.join(', ')}] AS ${storedType(element)}[])`;
  }
  if (typeName(type.type) === 'RECORD') {
    const members = (type.structTypes ?? []).map((member, index) => {
      const name = member.name ?? `_field_${index + 1}`;
      return `${quoteName(name)} := ${literal(member.type, value.structValues?.[name] ?? {})}`;
    });
    return `struct_pack(${members.join(', ')})`;
  }
  const target = storedType(type);
  if (value.value === undefined || value.value === null) return `CAST(NULL AS ${target})`;
  const text = quoteText(String(value.value));
  return typeName(type.type) === 'BYTES' ? `from_base64(${text})` : `CAST(${text} AS ${target})`;
}

function storedType(type: ParameterType): string {
  if (typeName(type.type) === 'RECORD') {
    const members = (type.structTypes ?? []).map(
      (member, index) => `${quoteName(member.name ?? `_field_${index + 1}`)} ${storedType(member.type)}`,
    );
    return `STRUCT(${members.join(', ')})`;
  }
  return duckdbType({ name: '', type: type.type });
}
