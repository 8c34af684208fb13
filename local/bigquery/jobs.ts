import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { TableField } from '../boundaries.ts';
import { JsonLines } from '../json-lines.ts';
import { type CallerAccess, UNCHECKED } from './access.ts';
import type { Catalog } from './catalog.ts';
import type { Database } from './duckdb.ts';
import { duplicate, invalid, notFound, queryError } from './errors.ts';
import type { StatementRunner } from './execute.ts';
import { JobConfiguration, type QueryConfiguration } from './job-configuration.ts';
import type { Loader } from './load.ts';
import type { Outcome } from './outcome.ts';
import type { TableJobs } from './table-jobs.ts';

export interface JobReference {
  projectId: string;
  jobId: string;
  location: string;
}

/** A job, in the REST API's own shape where it is shown. */
export interface Job {
  reference: JobReference;
  configuration: JobConfiguration;
  user: string;
  state: 'RUNNING' | 'DONE';
  error?: { reason: string; message: string };
  creationTime: number;
  endTime?: number;
  statistics: Record<string, unknown>;
  /** The columns and the DuckDB relation of a query's rows. */
  fields: TableField[];
  rowCount: number;
  result?: string;
  done: Promise<void>;
}

export interface JobRequest {
  project: string;
  jobId?: string;
  location?: string;
  configuration: unknown;
  user: string;
  /** Whose rights the job works with; without limits when nobody is named. */
  access?: CallerAccess;
}

/** Results of this many query jobs stay readable. */
const KEPT_RESULTS = 200;

export interface JobParts {
  /** The file in which jobs are remembered whose id the caller chose. */
  file: string;
  database: Database;
  catalog: Catalog;
  runner: StatementRunner;
  loader: Loader;
  tableJobs: TableJobs;
  now: () => number;
}

/** Query, load, extract and copy jobs. A job's id is used once per project, over restarts too. */
export class Jobs {
  readonly #parts: JobParts;
  readonly #jobs = new Map<string, Job>();
  readonly #results: Job[] = [];
  readonly #named: JsonLines<Omit<Job, 'done' | 'result'>>;

  constructor(parts: JobParts) {
    this.#parts = parts;
    this.#named = new JsonLines(parts.file);
    for (const job of this.#named.read()) {
      this.#jobs.set(keyOf(job.reference), { ...job, done: Promise.resolve() });
    }
  }

  /** Starts a job. Throws `duplicate` when the id is taken; how the job fares is in the job. */
  start(request: JobRequest): Job {
    const parsed = JobConfiguration.safeParse(request.configuration);
    if (!parsed.success) throw invalid(`Invalid job configuration: ${z.prettifyError(parsed.error)}`);
    const reference = {
      projectId: request.project,
      jobId: request.jobId ?? `job_${randomUUID().replaceAll('-', '')}`,
      location: request.location ?? this.#locationOf(request.project, parsed.data),
    };
    const key = keyOf(reference);
    if (this.#jobs.has(key)) throw duplicate(`Job ${key}`);
    const job: Job = {
      reference,
      configuration: parsed.data,
      user: request.user,
      state: 'RUNNING',
      creationTime: this.#parts.now(),
      statistics: {},
      fields: [],
      rowCount: 0,
      done: Promise.resolve(),
    };
    if (!parsed.data.dryRun) this.#jobs.set(key, job);
    job.done = this.#run(job, request).finally(() => this.#keep(job, request.jobId !== undefined));
    return job;
  }

  get(project: string, jobId: string): Job {
    const job = this.#jobs.get(`${project}:${jobId}`);
    if (!job) throw notFound(`Job ${project}:${jobId}`);
    return job;
  }

  /** A project's jobs, newest first. */
  list(project: string): Job[] {
    return [...this.#jobs.values()].filter((job) => job.reference.projectId === project).reverse();
  }

  /** Waits for every job that runs. */
  async settled(): Promise<void> {
    await Promise.all([...this.#jobs.values()].map((job) => job.done));
  }

  async #run(job: Job, { location, access = UNCHECKED }: JobRequest): Promise<void> {
    try {
      const { query, load, copy, extract } = job.configuration;
      checkTables(job.configuration, access);
      if (query) await this.#query(job, query, { location, access });
      else if (load) job.statistics.load = texts(await this.#parts.loader.load(load));
      else if (copy) await this.#parts.tableJobs.copy(copy);
      else if (extract) job.statistics.extract = await this.#parts.tableJobs.extract(extract);
      else throw invalid('Job configuration must contain exactly one job-specific configuration object');
    } catch (error) {
      const status = queryError(error);
      job.error = { reason: status.reason ?? 'internalError', message: status.message };
    }
    job.state = 'DONE';
    job.endTime = this.#parts.now();
  }

  async #query(
    job: Job,
    query: QueryConfiguration,
    { location, access }: { location: string | undefined; access: CallerAccess },
  ): Promise<void> {
    if (query.useLegacySql)
      throw invalid('Legacy SQL is not supported by the local BigQuery; set useLegacySql to false');
    const outcome = await this.#parts.runner.run(
      query.query,
      {
        project: job.reference.projectId,
        defaultDataset: query.defaultDataset,
        location,
        access,
        parameters: query.queryParameters,
      },
      job.configuration.dryRun,
    );
    job.fields = outcome.fields;
    job.rowCount = outcome.rowCount;
    job.statistics.query = queryStatistics(outcome);
    const { result } = outcome;
    if (result === undefined) return;
    job.result = result;
    this.#results.push(job);
    await this.#parts.tableJobs.store({ ...outcome, result }, query, job.reference);
  }

  /** A query runs where its data is; anything else where its tables' dataset is. */
  #locationOf(project: string, { query, load, copy, extract }: JobConfiguration): string {
    const table =
      load?.destinationTable ?? copy?.destinationTable ?? extract?.sourceTable ?? query?.destinationTable;
    const dataset = table ?? query?.defaultDataset;
    const found = dataset && this.#parts.catalog.findDataset(dataset.projectId ?? project, dataset.datasetId);
    return found?.location ?? 'US';
  }

  /** Forgets the oldest result, and remembers a job whose id the caller chose. */
  async #keep(job: Job, named: boolean): Promise<void> {
    const { database } = this.#parts;
    while (this.#results.length > KEPT_RESULTS) {
      const oldest = this.#results.shift()!;
      await database.read((connection) => connection.run(`DROP TABLE IF EXISTS ${oldest.result}`));
      oldest.result = undefined;
    }
    if (!named || job.configuration.dryRun) return;
    const { done: _, result: __, ...remembered } = job;
    this.#named.append(remembered);
  }
}

/** Checks what a job's configuration itself names; a query's text is checked when it is read. */
function checkTables({ query, load, copy, extract }: JobConfiguration, access: CallerAccess): void {
  const destination = query?.destinationTable ?? load?.destinationTable ?? copy?.destinationTable;
  if (destination) access.onNewTable(destination);
  for (const uri of load?.sourceUris ?? []) access.onObjects('storage.objects.get', uri);
  for (const source of copy?.sourceTables ?? (copy?.sourceTable ? [copy.sourceTable] : [])) {
    access.onTable('bigquery.tables.getData', source);
  }
  if (!extract) return;
  access.onTable('bigquery.tables.export', extract.sourceTable);
  for (const uri of extract.destinationUris) access.onObjects('storage.objects.create', uri);
}

function keyOf({ projectId, jobId }: JobReference): string {
  return `${projectId}:${jobId}`;
}

function queryStatistics(outcome: Outcome): Record<string, unknown> {
  return {
    statementType: outcome.statementType,
    totalBytesProcessed: '0',
    totalBytesBilled: '0',
    cacheHit: false,
    ...(outcome.referenced.length > 0 && { referencedTables: outcome.referenced }),
    ...(outcome.dmlAffectedRows !== undefined && { numDmlAffectedRows: String(outcome.dmlAffectedRows) }),
    ...(outcome.ddlTarget && { ddlTargetTable: outcome.ddlTarget }),
  };
}

function texts(numbers: Record<string, number>): Record<string, string> {
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, String(value)]));
}
