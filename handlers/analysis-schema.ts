import { z } from 'zod';
import { type GcsUri, gcsUri, layout } from '../events/index.ts';
import { bigquery } from './runtime/clients.ts';
import type { Environment } from './runtime/environment.ts';
import { writeText } from './runtime/objects.ts';

const Table = z.object({
  schema: z.object({
    fields: z.array(z.object({ name: z.string(), type: z.string(), mode: z.string().optional() })),
  }),
});

/** The OpenAPI type of a column; everything else is analysed as text, and so as a category. */
const TYPES: Record<string, string> = {
  INTEGER: 'integer',
  INT64: 'integer',
  FLOAT: 'number',
  FLOAT64: 'number',
  NUMERIC: 'number',
  BIGNUMERIC: 'number',
  BOOLEAN: 'boolean',
  BOOL: 'boolean',
};

/**
 * Writes the schema by which Vertex AI analyses an endpoint's predictions: the training table's columns but the
 * label, as an OpenAPI object in YAML. Without one, a monitoring job waits until it has seen a thousand predictions
 * to guess from. It can't be changed once a job has it.
 *
 * @param trainTable `project.dataset.table`
 * @returns where it is, the same place each time
 */
export async function writeAnalysisSchema(
  trainTable: string,
  label: string,
  environment: Environment,
): Promise<GcsUri> {
  const [projectId, dataset, table] = trainTable.split('.');
  const [metadata] = await (await bigquery()).dataset(dataset, { projectId }).table(table).getMetadata();
  const columns = Table.parse(metadata).schema.fields.filter(
    ({ name, mode }) => name !== label && mode !== 'REPEATED',
  );
  const properties = columns.flatMap(({ name, type }) => [
    `  ${JSON.stringify(name)}:`,
    `    type: ${TYPES[type] ?? 'string'}`,
  ]);
  const object = layout.analysisSchema(environment.BATON_MODEL);
  const yaml = `${['type: object', 'properties:', ...properties].join('\n')}\n`;
  await writeText(environment.BATON_BUCKET, object, yaml, 'application/yaml');
  return gcsUri(environment.BATON_BUCKET, object);
}
