import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const Declaration = z.union([
  z.object({ type: z.string(), default: z.unknown().optional() }),
  z.object({ value: z.unknown() }),
  z.string(),
  z.number(),
  z.boolean(),
]);

const ProjectFile = z.object({
  name: z.string(),
  main: z.string().default('.'),
  config: z.record(z.string(), Declaration).default({}),
});

const StackFile = z.object({ config: z.record(z.string(), z.unknown()).default({}) });

export interface ProjectConfig {
  project: string;
  main: string;
  /** Values by full key, `namespace:key`, as text: so the Pulumi engine hands them to the program. */
  config: Record<string, string>;
}

/**
 * Reads a stack's config as the Pulumi CLI does: the project file's values and defaults, under the stack file's
 * values, under those given. A secret can't be decrypted here, and so must be given.
 *
 * @throws Error naming the file that is missing or malformed, the declared key without a value, or the secret
 */
export function readProjectConfig(
  directory: string,
  stack: string,
  overrides: Record<string, string>,
): ProjectConfig {
  const project = read(join(directory, 'Pulumi.yaml'), ProjectFile);
  const { config: stackConfig } = read(join(directory, `Pulumi.${stack}.yaml`), StackFile);
  const qualified = (key: string) => (key.includes(':') ? key : `${project.name}:${key}`);
  const values = new Map<string, unknown>();
  for (const [key, declaration] of Object.entries(project.config)) {
    values.set(qualified(key), declaredValue(declaration));
  }
  for (const [key, value] of Object.entries({ ...stackConfig, ...overrides })) {
    values.set(qualified(key), value);
  }
  const config: Record<string, string> = {};
  for (const [key, value] of values) {
    if (value === undefined) {
      throw new Error(
        `Stack '${stack}' is missing configuration value '${key}', which Pulumi.yaml declares without a default.`,
      );
    }
    if (value !== null && typeof value === 'object' && 'secure' in value) {
      throw new Error(
        `Configuration value '${key}' of stack '${stack}' is encrypted; give its value for the local run.`,
      );
    }
    config[key] = typeof value === 'string' ? value : JSON.stringify(value);
  }
  return { project: project.name, main: project.main, config };
}

function declaredValue(declaration: z.infer<typeof Declaration>): unknown {
  if (typeof declaration !== 'object') return declaration;
  return 'value' in declaration ? declaration.value : declaration.default;
}

function read<Schema extends z.ZodType>(file: string, schema: Schema): z.output<Schema> {
  const parsed = schema.safeParse(parse(readFileSync(file, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new Error(`${file} is malformed:\n${z.prettifyError(parsed.error)}`);
}
