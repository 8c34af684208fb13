import { StatusError } from '../status.ts';

export interface TemplateParameter {
  name: string;
  helpText: string;
  isOptional?: boolean;
  /** What the whole value must match. */
  pattern?: RegExp;
}

export interface Template {
  name: string;
  kind: 'classic' | 'flex';
  parameters: TemplateParameter[];
}

const GCS_PATH = /^gs:\/\/[^/]+(\/.*)?$/;

/** The parameters that both forms of the template have, by the names that Google gives them. */
const TEXT_TO_BIGQUERY: TemplateParameter[] = [
  {
    name: 'inputFilePattern',
    helpText: 'The gs:// path of the text files; may hold wildcards.',
    pattern: GCS_PATH,
  },
  {
    name: 'JSONPath',
    helpText: 'The gs:// path of the JSON file with the "BigQuery Schema".',
    pattern: GCS_PATH,
  },
  {
    name: 'outputTable',
    helpText: 'The table to append to, as project:dataset.table.',
    pattern: /^(?:[a-z][-a-z0-9:.]{4,61}[a-z0-9]:)?\w+\.[\w$-]+$/,
  },
  {
    name: 'javascriptTextTransformGcsPath',
    helpText: 'The gs:// path of the JavaScript file that defines the function.',
    pattern: GCS_PATH,
  },
  {
    name: 'javascriptTextTransformFunctionName',
    helpText: 'The function that turns a line into a JSON row.',
    pattern: /^[A-Za-z_$][\w$]*$/,
  },
  {
    name: 'bigQueryLoadingTemporaryDirectory',
    helpText: 'The gs:// path for temporary files.',
    pattern: GCS_PATH,
  },
];

const FLEX_ONLY: TemplateParameter[] = [
  {
    name: 'useStorageWriteApi',
    helpText: 'Whether to use the Storage Write API.',
    isOptional: true,
    pattern: /^(true|false)$/,
  },
  {
    name: 'useStorageWriteApiAtLeastOnce',
    helpText: 'Whether at-least-once writing is enough.',
    isOptional: true,
    pattern: /^(true|false)$/,
  },
];

const TEMPLATES: Record<string, Template> = {
  GCS_Text_to_BigQuery: { name: 'GCS_Text_to_BigQuery', kind: 'classic', parameters: TEXT_TO_BIGQUERY },
  'flex/GCS_Text_to_BigQuery_Flex': {
    name: 'GCS_Text_to_BigQuery_Flex',
    kind: 'flex',
    parameters: [...TEXT_TO_BIGQUERY, ...FLEX_ONLY],
  },
};

/**
 * The template that a path names, in the bucket of any region.
 *
 * @throws NOT_FOUND for a path that leads to no template here, INVALID_ARGUMENT for a template of the other kind
 */
export function findTemplate(path: string, kind: Template['kind']): Template {
  const match =
    /^gs:\/\/dataflow-templates(?:-[a-z0-9-]+)?\/(?:latest|\d{4}-\d{2}-\d{2}-\d{2}_RC\d{2})\/(.+)$/.exec(
      path,
    );
  const template = match && TEMPLATES[match[1]];
  if (!template) {
    const known = Object.keys(TEMPLATES).map((name) => `gs://dataflow-templates/latest/${name}`);
    throw new StatusError(
      'NOT_FOUND',
      `Template file ${path} was not found. The local Dataflow has ${known.join(' and ')}.`,
    );
  }
  if (template.kind !== kind) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      `${path} is a ${template.kind} template; launch it with ${template.kind === 'flex' ? 'LaunchFlexTemplate' : 'LaunchTemplate'}.`,
    );
  }
  return template;
}

/** Throws INVALID_ARGUMENT that names every missing, unknown and malformed parameter. */
export function checkParameters(template: Template, given: Record<string, string>): void {
  const violations = [
    ...template.parameters.flatMap(({ name, isOptional, pattern }) => {
      const value = given[name];
      if (value === undefined || value === '')
        return isOptional ? [] : [`${name}: Missing required parameter`];
      return pattern && !pattern.test(value)
        ? [`${name}: Invalid value "${value}"; expected ${pattern.source}`]
        : [];
    }),
    ...Object.keys(given)
      .filter((name) => template.parameters.every((parameter) => parameter.name !== name))
      .map((name) => `${name}: Unrecognized parameter`),
  ];
  if (violations.length > 0) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      `The template parameters are invalid. Details: ${violations.join('; ')}`,
    );
  }
}
