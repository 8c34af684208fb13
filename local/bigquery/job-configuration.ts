import { z } from 'zod';
import { EncryptionSchema, LoadConfiguration, TableReferenceSchema } from './load.ts';
import { QueryParameter } from './parameters.ts';

const DatasetReference = z.object({ projectId: z.string().optional(), datasetId: z.string() });
const WriteDisposition = z.enum(['WRITE_APPEND', 'WRITE_TRUNCATE', 'WRITE_EMPTY']);
export type WriteDisposition = z.output<typeof WriteDisposition>;

const QueryConfiguration = z.looseObject({
  query: z.string(),
  useLegacySql: z.boolean().nullish(),
  defaultDataset: DatasetReference.optional(),
  queryParameters: z.array(QueryParameter).optional(),
  destinationTable: TableReferenceSchema.optional(),
  writeDisposition: WriteDisposition.default('WRITE_EMPTY'),
  destinationEncryptionConfiguration: EncryptionSchema.optional(),
});
export type QueryConfiguration = z.output<typeof QueryConfiguration>;

const CopyConfiguration = z.looseObject({
  sourceTable: TableReferenceSchema.optional(),
  sourceTables: z.array(TableReferenceSchema).optional(),
  destinationTable: TableReferenceSchema,
  writeDisposition: WriteDisposition.default('WRITE_EMPTY'),
  destinationEncryptionConfiguration: EncryptionSchema.optional(),
});
export type CopyConfiguration = z.output<typeof CopyConfiguration>;

const ExtractConfiguration = z.looseObject({
  sourceTable: TableReferenceSchema,
  destinationUris: z.array(z.string()).length(1),
  destinationFormat: z.string().default('CSV'),
  compression: z.string().optional(),
  fieldDelimiter: z.string().optional(),
  printHeader: z.boolean().optional(),
});
export type ExtractConfiguration = z.output<typeof ExtractConfiguration>;

/** A job's `configuration`: exactly one kind of work. */
export const JobConfiguration = z.looseObject({
  query: QueryConfiguration.optional(),
  load: LoadConfiguration.optional(),
  copy: CopyConfiguration.optional(),
  extract: ExtractConfiguration.optional(),
  dryRun: z.boolean().optional(),
  labels: z.record(z.string(), z.string()).optional(),
});
export type JobConfiguration = z.infer<typeof JobConfiguration>;
