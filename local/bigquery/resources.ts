import { type DatasetRecord, datasetKey, type TableRecord, tableKey } from './catalog.ts';
import type { Job } from './jobs.ts';

/** The REST API's resources, as it writes them: numbers as text, absent fields left out. */

export function datasetResource(dataset: DatasetRecord): object {
  const { projectId, datasetId, kmsKeyName, creationTime, lastModifiedTime, access, ...rest } = dataset;
  return {
    kind: 'bigquery#dataset',
    id: datasetKey(projectId, datasetId),
    etag: etag(lastModifiedTime),
    datasetReference: { projectId, datasetId },
    ...rest,
    ...(kmsKeyName && { defaultEncryptionConfiguration: { kmsKeyName } }),
    access: access ?? [
      { role: 'WRITER', specialGroup: 'projectWriters' },
      { role: 'OWNER', specialGroup: 'projectOwners' },
      { role: 'READER', specialGroup: 'projectReaders' },
    ],
    creationTime: String(creationTime),
    lastModifiedTime: String(lastModifiedTime),
    type: 'DEFAULT',
  };
}

/** @param numRows left out for a view, and in lists */
export function tableResource(table: TableRecord, location: string, numRows?: number): object {
  return {
    kind: 'bigquery#table',
    id: tableKey(table.reference),
    etag: etag(table.lastModifiedTime),
    tableReference: table.reference,
    type: table.viewQuery === undefined ? 'TABLE' : 'VIEW',
    location,
    schema: { fields: table.fields },
    ...(numRows !== undefined && { numRows: String(numRows) }),
    ...(table.viewQuery !== undefined && { view: { query: table.viewQuery, useLegacySql: false } }),
    ...(table.kmsKeyName && { encryptionConfiguration: { kmsKeyName: table.kmsKeyName } }),
    ...(table.labels && { labels: table.labels }),
    ...(table.description && { description: table.description }),
    ...(table.friendlyName && { friendlyName: table.friendlyName }),
    ...(table.timePartitioning && { timePartitioning: table.timePartitioning }),
    ...(table.expirationTime !== undefined && { expirationTime: String(table.expirationTime) }),
    creationTime: String(table.creationTime),
    lastModifiedTime: String(table.lastModifiedTime),
  };
}

export function jobResource(job: Job): object {
  const { projectId, jobId, location } = job.reference;
  const { load, copy, extract, query } = job.configuration;
  const kind = query ? 'QUERY' : load ? 'LOAD' : copy ? 'COPY' : extract ? 'EXTRACT' : 'UNKNOWN';
  return {
    kind: 'bigquery#job',
    id: `${projectId}:${location}.${jobId}`,
    etag: etag(job.endTime ?? job.creationTime),
    jobReference: job.reference,
    configuration: { jobType: kind, ...job.configuration },
    status: { state: job.state, ...(job.error && { errorResult: job.error, errors: [job.error] }) },
    statistics: {
      creationTime: String(job.creationTime),
      startTime: String(job.creationTime),
      ...(job.endTime !== undefined && { endTime: String(job.endTime) }),
      totalBytesProcessed: '0',
      ...job.statistics,
      ...(job.configuration.dryRun && query
        ? { query: { ...(job.statistics.query as object), schema: { fields: job.fields } } }
        : {}),
    },
    user_email: job.user,
  };
}

function etag(version: number): string {
  return Buffer.from(String(version)).toString('base64');
}
