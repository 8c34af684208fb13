import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Workload } from '../../events/index.ts';
import { configProblems, readConfig } from './config.ts';
import type { WorkloadFolder } from './folder.ts';
import type { Report } from './report.ts';

const Schema = z.looseObject({
  'BigQuery Schema': z.array(
    z.looseObject({ name: z.string(), type: z.string(), mode: z.string().optional() }),
  ),
});
type Fields = z.infer<typeof Schema>['BigQuery Schema'];

/** The newer names of types that BigQuery takes for the older ones. */
const OLDER_NAMES: Record<string, string> = { INT64: 'INTEGER', FLOAT64: 'FLOAT', BOOL: 'BOOLEAN' };

/** Checks workload.json and the schema that it names. Answers the descriptor where everything else can work by it. */
export function checkDescriptor(folder: WorkloadFolder, report: Report): Workload | undefined {
  const { directory, name, place } = folder;
  const workload = readJson(join(directory, 'workload.json'), Workload);
  report.expect('descriptor-shape', place('workload.json'), workload.problem);
  if (workload.problem !== undefined) return undefined;
  const { value } = workload;
  report.expect(
    'descriptor-name',
    place('workload.json'),
    (value.name !== name && `the name "${value.name}" in a folder "${name}"`) ||
      (!/^[a-z][a-z0-9-]*$/.test(name) && `the name "${name}"`),
  );
  const label = value.columns.find((column) => column.name === value.label.column);
  const isLabel = report.expect(
    'descriptor-label',
    place('workload.json'),
    label
      ? typeOf(label.type) !== 'STRING' && `the label ${label.name} is ${label.type}`
      : `no column ${value.label.column}`,
  );

  const config = readConfig(folder);
  if (config) {
    const wrong = typeof config === 'string' ? [config] : configProblems(config, value);
    report.expect('config-names', place('config.json'), wrong.join('; '));
  }

  const file = value.transform.schema;
  const schema = readJson(join(directory, file), Schema);
  report.expect('schema-shape', place(file), schema.problem);
  if (schema.problem !== undefined) return undefined;
  const problems = schemaProblems(value, schema.value['BigQuery Schema']);
  const fits = report.expect('schema-columns', place(file), problems.join('; '));
  return isLabel && fits ? value : undefined;
}

function schemaProblems({ columns, rejectColumns }: Workload, fields: Fields): string[] {
  const rejects = Object.values(rejectColumns).map((name) => ({ name, type: 'STRING' }));
  return [...columns, ...rejects].flatMap(({ name, type }) => {
    const field = fields.find((each) => each.name === name);
    if (!field) return [`no column ${name}`];
    if (typeOf(field.type) !== typeOf(type)) return [`${name} is ${field.type}, not ${type}`];
    const { mode = 'NULLABLE' } = field;
    return mode === 'NULLABLE' ? [] : [`${name} is ${mode}, so no rejected line can be kept`];
  });
}

const typeOf = (name: string) => OLDER_NAMES[name.toUpperCase()] ?? name.toUpperCase();

type Read<Value> = { value: Value; problem?: undefined } | { value?: undefined; problem: string };

function readJson<Value extends z.ZodType>(file: string, schema: Value): Read<z.output<Value>> {
  try {
    const parsed = schema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    return parsed.success ? { value: parsed.data } : { problem: sentence(parsed.error) };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return { problem: missing ? 'there is no such file' : (error as Error).message };
  }
}

/** Each issue with its path, on one line. */
function sentence({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': ')).join('; ');
}
