import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { AccessOf } from './access.ts';
import { datasetKey } from './catalog.ts';
import type { BigQueryEngine } from './engine.ts';
import { EncryptionSchema } from './load.ts';
import { BASE, parse } from './requests.ts';
import { datasetResource } from './resources.ts';

const DatasetPath = z.object({ projectId: z.string(), datasetId: z.string() });

const DatasetBody = z.looseObject({
  datasetReference: z.object({ projectId: z.string().optional(), datasetId: z.string() }).optional(),
  location: z.string().optional(),
  defaultEncryptionConfiguration: EncryptionSchema.optional(),
  labels: z.record(z.string(), z.string()).optional(),
  description: z.string().optional(),
  friendlyName: z.string().optional(),
  defaultTableExpirationMs: z.string().optional(),
  access: z.array(z.unknown()).optional(),
});

/** The settings of a dataset resource, by the catalogue's names. */
function settingsOf(body: z.infer<typeof DatasetBody>) {
  const { labels, description, friendlyName, defaultTableExpirationMs, access } = body;
  const kmsKeyName = body.defaultEncryptionConfiguration?.kmsKeyName;
  const given = { labels, description, friendlyName, defaultTableExpirationMs, access, kmsKeyName };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as typeof given;
}

export function registerDatasets(app: FastifyInstance, engine: BigQueryEngine, accessOf: AccessOf): void {
  app.post(`${BASE}/datasets`, async (request) => {
    const { projectId } = parse(z.object({ projectId: z.string() }), request.params);
    accessOf(request).onProject('bigquery.datasets.create', projectId);
    const Named = DatasetBody.required({ datasetReference: true });
    const body = parse(Named, request.body);
    return datasetResource(
      await engine.tables.createDataset({
        projectId,
        datasetId: body.datasetReference.datasetId,
        location: body.location ?? 'US',
        ...settingsOf(body),
      }),
    );
  });

  app.get(`${BASE}/datasets`, async (request) => {
    const { projectId } = parse(z.object({ projectId: z.string() }), request.params);
    accessOf(request).onProject('bigquery.datasets.get', projectId);
    const datasets = engine.catalog.datasets(projectId).map((dataset) => ({
      kind: 'bigquery#dataset',
      id: datasetKey(projectId, dataset.datasetId),
      datasetReference: { projectId, datasetId: dataset.datasetId },
      location: dataset.location,
      ...(dataset.labels && { labels: dataset.labels }),
    }));
    return { kind: 'bigquery#datasetList', ...(datasets.length > 0 && { datasets }) };
  });

  app.get(`${BASE}/datasets/:datasetId`, async (request) => {
    const { projectId, datasetId } = parse(DatasetPath, request.params);
    accessOf(request).onDataset('bigquery.datasets.get', { projectId, datasetId });
    return datasetResource(engine.catalog.dataset(projectId, datasetId));
  });

  app.route({
    method: ['PATCH', 'PUT'],
    url: `${BASE}/datasets/:datasetId`,
    handler: async (request) => {
      const { projectId, datasetId } = parse(DatasetPath, request.params);
      accessOf(request).onDataset('bigquery.datasets.update', { projectId, datasetId });
      const changes = settingsOf(parse(DatasetBody, request.body));
      return datasetResource(await engine.tables.patchDataset(projectId, datasetId, changes));
    },
  });

  app.delete(`${BASE}/datasets/:datasetId`, async (request, reply) => {
    const { projectId, datasetId } = parse(DatasetPath, request.params);
    accessOf(request).onDataset('bigquery.datasets.delete', { projectId, datasetId });
    const { deleteContents } = parse(
      z.looseObject({ deleteContents: z.stringbool().default(false) }),
      request.query,
    );
    await engine.tables.deleteDataset(projectId, datasetId, deleteContents);
    return reply.code(204).send();
  });
}
