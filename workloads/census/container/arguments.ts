import { parseArgs } from 'node:util';
import { z } from 'zod';
import { InputError } from './errors.ts';

/** A `gs://bucket/object` address. */
export const GcsObject = z.string().regex(/^gs:\/\/[^/]+\/.*[^/]$/, 'expected gs://bucket/object');
/** A `gs://bucket/folder/` address; it ends in a slash. */
export const GcsFolder = z.string().regex(/^gs:\/\/[^/]+\/(.*\/)?$/, 'expected gs://bucket/folder/');

/** A decimal number on the command line, within bounds that both count as legal. */
export function decimal(minimum: number, maximum: number) {
  const expected = `expected a number from ${minimum} to ${maximum}`;
  return z
    .string()
    .regex(/^\d+(\.\d+)?(e[+-]?\d+)?$/i, expected)
    .transform(Number)
    .pipe(z.number(expected).min(minimum, expected).max(maximum, expected));
}

/** A whole number on the command line, within bounds that both count as legal. */
export function integer(minimum: number, maximum: number) {
  const expected = `expected a whole number from ${minimum} to ${maximum}`;
  return z
    .string()
    .regex(/^\d+$/, expected)
    .transform(Number)
    .pipe(z.int(expected).min(minimum, expected).max(maximum, expected));
}

/** Names on the command line, separated by commas. */
export function oneOrMoreOf<Name extends string>(names: readonly Name[]) {
  const expected = `expected one or more of ${names.join(', ')}, separated by commas`;
  return z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(names as readonly [Name, ...Name[]], expected)));
}

/**
 * Reads `--name=value` (or `--name value`) arguments.
 *
 * @param schema one property per argument, by the name it has on the command line
 * @throws InputError naming the argument and its value when one is unknown, repeated, missing or out of bounds
 */
export function parseArguments<Schema extends z.ZodObject>(schema: Schema, args: string[]): z.output<Schema> {
  const known = Object.keys(schema.shape);
  const { tokens } = parseArgs({
    args,
    options: Object.fromEntries(known.map((name) => [name, { type: 'string' as const }])),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const values: Record<string, string> = {};
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') throw new InputError(`unexpected argument "${token.value}"`);
    const { rawName, name, value } = token;
    if (!known.includes(name)) {
      const given = value === undefined ? rawName : `${rawName}=${value}`;
      throw new InputError(
        `unknown argument ${given}; known are ${known.map((each) => `--${each}`).join(', ')}`,
      );
    }
    if (name in values)
      throw new InputError(`argument ${rawName} is given twice: ${values[name]} and ${value}`);
    if (value === undefined) throw new InputError(`argument ${rawName} has no value`);
    values[name] = value;
  }
  return parse(schema, values, (name) => `argument --${name}`);
}

/**
 * Reads environment variables.
 *
 * @param schema one property per variable; others are left alone
 * @throws InputError naming the variable and its value when one is missing or not what it should be
 */
export function parseEnvironment<Schema extends z.ZodObject>(
  schema: Schema,
  environment: NodeJS.ProcessEnv = process.env,
): z.output<Schema> {
  return parse(schema, environment, (name) => `environment variable ${name}`);
}

function parse<Schema extends z.ZodObject>(
  schema: Schema,
  values: Record<string, string | undefined>,
  describe: (name: string) => string,
): z.output<Schema> {
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues;
  const name = String(path[0]);
  const value = values[name];
  throw new InputError(
    value === undefined ? `${describe(name)} is missing` : `${describe(name)}=${value}: ${message}`,
  );
}
