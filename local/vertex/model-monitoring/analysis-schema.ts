import { text } from 'node:stream/consumers';
import { parse } from 'yaml';
import { z } from 'zod';
import type { ObjectStore, TableField } from '../../boundaries.ts';
import { StatusError } from '../../status.ts';
import type { FeatureKind } from './distributions.ts';

/** The features that can be analysed, and how. */
export type FeatureKinds = ReadonlyMap<string, FeatureKind>;

const AnalysisSchema = z.object({
  type: z.literal('object'),
  properties: z.record(z.string(), z.object({ type: z.enum(['string', 'number', 'integer', 'boolean']) })),
});

/** Reads a job's analysis instance schema, an OpenAPI object in YAML. Throws INVALID_ARGUMENT for another one. */
export async function readAnalysisSchema(objects: ObjectStore, uri: string): Promise<FeatureKinds> {
  const [, bucket, object] = /^gs:\/\/([^/]+)\/(.+)$/.exec(uri) ?? [];
  if (!bucket) throw invalid(uri, 'expected gs://bucket/object');
  const schema = AnalysisSchema.safeParse(parse(await text(objects.read(bucket, object))));
  if (!schema.success) throw invalid(uri, z.prettifyError(schema.error));
  return new Map(
    Object.entries(schema.data.properties).map(([name, { type }]) => [
      name,
      type === 'number' || type === 'integer' ? 'numeric' : 'categorical',
    ]),
  );
}

const NUMERIC = new Set(['INTEGER', 'INT64', 'FLOAT', 'FLOAT64', 'NUMERIC', 'BIGNUMERIC']);

/** What a job without a schema goes by: the training table's columns. */
export function kindsOfTable(fields: TableField[]): FeatureKinds {
  return new Map(fields.map(({ name, type }) => [name, NUMERIC.has(type) ? 'numeric' : 'categorical']));
}

function invalid(uri: string, problem: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', `Invalid analysis instance schema ${uri}: ${problem}`);
}
