import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import type { Tenant } from '../../events/index.ts';
import { CommandError, EXIT } from '../terminal/exit-codes.ts';

/** Where environments lie, below the folder that a command runs in. */
export const ENVIRONMENTS = '.baton/environments';
export const VARIABLES_FILE = 'variables.json';

const TENANTS = ['nonprod', 'prod'] as const satisfies readonly Tenant[];

/** What the command line needs of a stack's outputs, which `pulumi stack output --json` prints. */
const Stack = z.looseObject({
  tenants: z.array(z.enum(TENANTS)),
  project: z.string(),
  region: z.string(),
  model: z.string(),
  bucket: z.string(),
  functions: z.record(z.string(), z.string()).default({}),
  /** Of a stack that plays production. */
  endpoint: z.string().optional(),
});
export type Stack = z.infer<typeof Stack>;

/** Variables that lead Google's clients to where the environment is; `null` takes one out. */
const Variables = z.record(z.string(), z.string().nullable());
export type Variables = z.infer<typeof Variables>;

/** One deployment: for each tenant the stack that plays it, which in some is one for both. */
export interface Environment extends Record<Tenant, Stack> {
  name: string;
  variables: Variables;
}

/** Whether what is done in a tenant is done in production, which a project that plays both tenants is not. */
export const isProduction = ({ nonprod, prod }: Environment, tenant: Tenant): boolean =>
  tenant === 'prod' && prod.project !== nonprod.project;

export interface Choice {
  env?: string;
  config?: string;
  project?: string;
}

/**
 * Finds the environment that a command is about: the folder `--config`, the name `--env` (or `BATON_ENV`), the one
 * that has `--project`, or the only one there is.
 *
 * @throws CommandError when there is none, or more than one
 */
export function chooseEnvironment({ env = process.env.BATON_ENV, config, project }: Choice): Environment {
  if (config) return ofProject(readEnvironment(resolve(config)), project);
  const known = existsSync(ENVIRONMENTS) ? readdirSync(ENVIRONMENTS).sort() : [];
  if (env) {
    if (!known.includes(env)) throw unknown(`there is no environment ${env} in ${ENVIRONMENTS}`, known);
    return ofProject(readEnvironment(join(ENVIRONMENTS, env)), project);
  }
  const environments = known.map((name) => readEnvironment(join(ENVIRONMENTS, name)));
  const fitting = environments.filter((candidate) => !project || hasProject(candidate, project));
  if (fitting.length === 1) return fitting[0];
  if (fitting.length > 1) {
    throw new CommandError(
      EXIT.usage,
      `choose an environment with --env: ${fitting.map(({ name }) => name).join(', ')}`,
    );
  }
  throw unknown(project ? `no environment has the project ${project}` : `${ENVIRONMENTS} is empty`, known);
}

function unknown(problem: string, known: string[]): CommandError {
  const there = known.length > 0 ? ` There is: ${known.join(', ')}.` : '';
  return new CommandError(
    EXIT.notFound,
    `${problem}.${there} \`npm start -- --keep\` makes the environment local; docs/cli.md says how a real one is made`,
  );
}

const hasProject = ({ nonprod, prod }: Environment, project: string) =>
  nonprod.project === project || prod.project === project;

function ofProject(environment: Environment, project: string | undefined): Environment {
  if (project && !hasProject(environment, project)) {
    throw new CommandError(EXIT.usage, `the environment ${environment.name} has no project ${project}`);
  }
  return environment;
}

/** Reads an environment's folder: `variables.json`, and any other `.json` as the outputs of a stack. */
function readEnvironment(folder: string): Environment {
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.json')) : [];
  const stacks = files
    .filter((file) => file !== VARIABLES_FILE)
    .map((file) => readFile(join(folder, file), Stack));
  const playing = (tenant: Tenant) => {
    const stack = stacks.find(({ tenants }) => tenants.includes(tenant));
    if (stack) return stack;
    throw new CommandError(EXIT.notFound, `${folder} has no outputs of a stack that plays ${tenant}`);
  };
  return {
    name: basename(folder),
    nonprod: playing('nonprod'),
    prod: playing('prod'),
    variables: files.includes(VARIABLES_FILE) ? readFile(join(folder, VARIABLES_FILE), Variables) : {},
  };
}

function readFile<Schema extends z.ZodType>(file: string, schema: Schema): z.output<Schema> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new CommandError(EXIT.notFound, `${file} cannot be read: ${(error as Error).message}`);
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  throw new CommandError(EXIT.usage, `${file} is not a stack's outputs: ${z.prettifyError(parsed.error)}`);
}
