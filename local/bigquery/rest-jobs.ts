import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { StatusError } from '../status.ts';
import type { AccessOf } from './access.ts';
import type { BigQueryEngine } from './engine.ts';
import { errorOfJob } from './errors.ts';
import type { Job } from './jobs.ts';
import { RowsQuery, readPage } from './pages.ts';
import { BASE, parse } from './requests.ts';
import { jobResource } from './resources.ts';

const ProjectPath = z.object({ projectId: z.string() });
const JobPath = z.object({ projectId: z.string(), jobId: z.string() });

const JobBody = z.looseObject({
  configuration: z.unknown(),
  jobReference: z.looseObject({ jobId: z.string().optional(), location: z.string().optional() }).optional(),
});

const FormatOptions = z.looseObject({
  useInt64Timestamp: z.boolean().optional(),
  timestampOutputFormat: z.string().optional(),
});

const QueryRequest = z.looseObject({
  query: z.string(),
  location: z.string().optional(),
  maxResults: z.number().optional(),
  timeoutMs: z.number().optional(),
  requestId: z.string().optional(),
  dryRun: z.boolean().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  formatOptions: FormatOptions.optional(),
});

/**
 * How long a request for a job waits for its end. Clients ask every 500 ms, so an answer at the very end spares
 * them most of that.
 */
const LONG_POLL_MS = 2_000;
const QUERY_TIMEOUT_MS = 10_000;

/** A repeated request is known among this many. */
const KEPT_REQUESTS = 1_000;

export function registerJobs(app: FastifyInstance, engine: BigQueryEngine, accessOf: AccessOf): void {
  const jobsByRequest = new Map<string, Job>();

  /** A job that the caller started, or may see or change although somebody else did. */
  const jobOf = (request: FastifyRequest, permission: string): Job => {
    const { projectId, jobId } = parse(JobPath, request.params);
    const job = engine.jobs.get(projectId, jobId);
    if (job.user !== userOf(request)) accessOf(request).onProject(permission, projectId);
    return job;
  };

  /** The answer of `jobs.query` and `jobs.getQueryResults`. Throws the job's own error. */
  const results = async (job: Job, query: RowsQuery, timeoutMs: number): Promise<object> => {
    await ended(job, timeoutMs);
    if (job.state !== 'DONE') return { jobReference: job.reference, jobComplete: false };
    if (job.error) throw errorOfJob(job.error);
    if (job.result === undefined && job.rowCount > 0) {
      throw new StatusError(
        'NOT_FOUND',
        `Not found: the results of job ${job.reference.jobId} have expired`,
        {
          reason: 'notFound',
        },
      );
    }
    const page = job.result ? await readPage(engine.database, job.result, job, query) : { rows: [] };
    const { numDmlAffectedRows } = (job.statistics.query ?? {}) as { numDmlAffectedRows?: string };
    return {
      jobReference: job.reference,
      jobComplete: true,
      schema: { fields: job.fields },
      totalRows: String(job.rowCount),
      totalBytesProcessed: '0',
      cacheHit: false,
      ...(numDmlAffectedRows && { numDmlAffectedRows }),
      ...page,
    };
  };

  app.post(`${BASE}/jobs`, async (request) => {
    const { projectId } = parse(ProjectPath, request.params);
    const { configuration, jobReference } = parse(JobBody, request.body);
    const access = accessOf(request);
    access.onProject('bigquery.jobs.create', projectId);
    const user = userOf(request);
    const job = engine.jobs.start({ project: projectId, configuration, user, access, ...jobReference });
    if (job.configuration.dryRun) {
      await job.done;
      if (job.error) throw errorOfJob(job.error);
    }
    return jobResource(job);
  });

  app.get(`${BASE}/jobs`, async (request) => {
    const { projectId } = parse(ProjectPath, request.params);
    accessOf(request).onProject('bigquery.jobs.list', projectId);
    const jobs = engine.jobs.list(projectId).map((job) => ({ ...jobResource(job), state: job.state }));
    return { kind: 'bigquery#jobList', jobs };
  });

  app.get(`${BASE}/jobs/:jobId`, async (request) => {
    const job = jobOf(request, 'bigquery.jobs.get');
    await ended(job, LONG_POLL_MS);
    return jobResource(job);
  });

  // BigQuery promises no more than to try: a job here is over before a cancellation could matter.
  app.post(`${BASE}/jobs/:jobId/cancel`, async (request) => {
    const job = jobOf(request, 'bigquery.jobs.update');
    return { kind: 'bigquery#jobCancelResponse', job: jobResource(job) };
  });

  app.post(`${BASE}/queries`, async (request) => {
    const { projectId } = parse(ProjectPath, request.params);
    const body = parse(QueryRequest, request.body);
    const { location, maxResults, timeoutMs, requestId, dryRun, labels, formatOptions, ...query } = body;
    const repeated = requestId === undefined ? undefined : jobsByRequest.get(`${projectId}/${requestId}`);
    const access = accessOf(request);
    access.onProject('bigquery.jobs.create', projectId);
    const user = userOf(request);
    const configuration = { query, dryRun, labels };
    const job = repeated ?? engine.jobs.start({ project: projectId, configuration, user, access, location });
    if (requestId !== undefined) jobsByRequest.set(`${projectId}/${requestId}`, job);
    if (jobsByRequest.size > KEPT_REQUESTS) jobsByRequest.delete(jobsByRequest.keys().next().value!);
    const answer = await results(job, rowsQuery(maxResults, formatOptions), timeoutMs ?? QUERY_TIMEOUT_MS);
    return { kind: 'bigquery#queryResponse', queryId: job.reference.jobId, ...answer };
  });

  app.get(`${BASE}/queries/:jobId`, async (request) => {
    const job = jobOf(request, 'bigquery.jobs.get');
    const query = parse(RowsQuery, request.query);
    const answer = await results(job, query, query.timeoutMs ?? QUERY_TIMEOUT_MS);
    return { kind: 'bigquery#getQueryResultsResponse', ...answer };
  });
}

/** The e-mail address of the caller. */
function userOf({ caller }: FastifyRequest): string {
  return caller.principal.replace(/^\w+:/, '');
}

function rowsQuery(
  maxResults: number | undefined,
  format: z.infer<typeof FormatOptions> | undefined,
): RowsQuery {
  return {
    ...(maxResults !== undefined && { maxResults }),
    ...(format?.useInt64Timestamp !== undefined && {
      'formatOptions.useInt64Timestamp': format.useInt64Timestamp,
    }),
    ...(format?.timestampOutputFormat && {
      'formatOptions.timestampOutputFormat': format.timestampOutputFormat,
    }),
  };
}

async function ended(job: Job, timeoutMs: number): Promise<void> {
  const timer = new AbortController();
  await Promise.race([
    job.done,
    delay(timeoutMs, undefined, { signal: timer.signal }).catch(() => undefined),
  ]);
  timer.abort();
}
