import { z } from 'zod';
import type { TableField } from '../boundaries.ts';
import type { RealisableCloud } from './cloud.ts';
import { type DeclaredResource, read } from './declared.ts';

const Dataset = z.object({
  project: z.string(),
  datasetId: z.string(),
  location: z.string().default('US'),
  labels: z.record(z.string(), z.string()).optional(),
  defaultEncryptionConfiguration: z.object({ kmsKeyName: z.string() }).optional(),
});

export async function realiseDataset(
  resource: DeclaredResource,
  { warehouse }: RealisableCloud,
): Promise<void> {
  const { project, defaultEncryptionConfiguration, ...dataset } = read(resource, Dataset);
  await warehouse
    .createDataset({ ...dataset, projectId: project, kmsKeyName: defaultEncryptionConfiguration?.kmsKeyName })
    .catch(unlessItExists);
}

function unlessItExists(error: unknown): void {
  if ((error as { status?: string }).status !== 'ALREADY_EXISTS') throw error;
}

const Field: z.ZodType<TableField> = z.object({
  name: z.string(),
  type: z.string(),
  mode: z.string().optional(),
  get fields() {
    return z.array(Field).optional();
  },
});

const Table = z.object({
  project: z.string(),
  datasetId: z.string(),
  tableId: z.string(),
  description: z.string().optional(),
  schema: z
    .string()
    .transform((text) => JSON.parse(text))
    .pipe(z.array(Field))
    .default([]),
  encryptionConfiguration: z.object({ kmsKeyName: z.string() }).optional(),
  timePartitioning: z.object({ type: z.string(), field: z.string().optional() }).optional(),
  view: z.object({ query: z.string(), useLegacySql: z.literal(false) }).optional(),
});

export async function realiseTable(
  resource: DeclaredResource,
  { warehouse }: RealisableCloud,
): Promise<void> {
  const { project, datasetId, tableId, schema, view, encryptionConfiguration, ...same } = read(
    resource,
    Table,
  );
  await warehouse.declareTable({
    ...same,
    reference: { projectId: project, datasetId, tableId },
    fields: schema,
    ...(view && { viewQuery: view.query }),
    ...encryptionConfiguration,
  });
}
