import { z } from 'zod';

/** Columns that the model takes as numbers. `fnlwgt` is a survey weight, not a property of the person. */
export const NUMERIC = ['age', 'education_num', 'capital_gain', 'capital_loss', 'hours_per_week'] as const;
export type NumericColumn = (typeof NUMERIC)[number];

/** Columns that the model takes as categories; the empty string is the category of a missing value. */
export const CATEGORICAL = [
  'workclass',
  'education',
  'marital_status',
  'occupation',
  'relationship',
  'race',
  'gender',
  'native_country',
] as const;
export type CategoricalColumn = (typeof CATEGORICAL)[number];

/** The model's inputs in the order in which every export of the model counts them. */
export const FEATURES = [...NUMERIC, ...CATEGORICAL] as const;

export const LABEL = 'income_bracket';
export const NEGATIVE = '<=50K';
export const POSITIVE = '>50K';

/** Columns of the table that a client may send along although the model doesn't read them. */
export const UNUSED = ['fnlwgt', LABEL] as const;

/** One person as a client of the endpoint describes them. */
export type Instance = Record<NumericColumn, number> & Record<CategoricalColumn, string>;

function shapeOf<Column extends string, Schema extends z.ZodType>(
  columns: readonly Column[],
  schema: Schema,
) {
  return Object.fromEntries(columns.map((column) => [column, schema])) as Record<Column, Schema>;
}

/**
 * An instance as it arrives over the network. Every feature must be there: a category that is unknown to the
 * client is sent as the empty string, so a misspelt or forgotten field can't pass for a missing value.
 */
export const InstanceSchema = z.strictObject({
  ...shapeOf(NUMERIC, z.number()),
  ...shapeOf(CATEGORICAL, z.string()),
  ...shapeOf(UNUSED, z.unknown().optional()),
});
