import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { TableField } from '../boundaries.ts';
import { type Catalog, storedTable } from './catalog.ts';
import type { Database } from './duckdb.ts';
import { duplicate, invalid, notFound, queryError } from './errors.ts';
import { type Outcome, type StatementRunner, selectAs } from './execute.ts';
import type { Exporter } from './export.ts';
import { EncryptionSchema, LoadConfiguration, type Loader, TableReferenceSchema } from './load.ts';
import { QueryParameter } from './parameters.ts';
import type { Tables } from './tables.ts';

const DatasetReference = z.object({ projectId: z.string().optional(), datasetId: z.string() });
const WriteDisposition = z.enum(['WRITE_APPEND', 'WRITE_TRUNCATE', 'WRITE_EMPTY']);

const QueryConfiguration = z.looseObject({
  query: z.string(),
  useLegacySql: z.boolean().nullish(),
  defaultDataset: DatasetReference.optional(),
  queryParameters: z.array(QueryParameter).optional(),
  destinationTable: TableReferenceSchema.optional(),
  writeDisposition: WriteDisposition.default('WRITE_EMPTY'),
  destinationEncryptionConfiguration: EncryptionSchema.optional(),
});
export type QueryConfiguration = z.input<typeof QueryConfiguration>;

const CopyConfiguration = z.looseObject({
  sourceTable: TableReferenceSchema.optional(),
  sourceTables: z.array(TableReferenceSchema).optional(),
  destinationTable: TableReferenceSchema,
  writeDisposition: WriteDisposition.default('WRITE_EMPTY'),
  destinationEncryptionConfiguration: EncryptionSchema.optional(),
});

const ExtractConfiguration = z.looseObject({
  sourceTable: TableReferenceSchema,
  destinationUris: z.array(z.string()).length(1),
  destinationFormat: z.string().default('CSV'),
  compression: z.string().optional(),
  fieldDelimiter: z.string().optional(),
  printHeader: z.boolean().optional(),
});

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
}

/** Results of this many query jobs stay readable. */
const KEPT_RESULTS = 200;

export interface JobParts {
  database: Database;
  catalog: Catalog;
  tables: Tables;
  runner: StatementRunner;
  loader: Loader;
  exporter: Exporter;
  now: () => number;
}

/** Query, load, extract and copy jobs. A job's id is used once per project, over restarts too. */
export class Jobs {
  readonly #parts: JobParts;
  readonly #jobs = new Map<string, Job>();
  readonly #results: Job[] = [];

  constructor(parts: JobParts) {
    this.#parts = parts;
    for (const document of parts.catalog.jobs()) {
      const job = { ...(document as unknown as Job), done: Promise.resolve() };
      this.#jobs.set(keyOf(job.reference), job);
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
    job.done = this.#run(job, request.location).finally(() => this.#keep(job, request.jobId !== undefined));
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

  async #run(job: Job, location: string | undefined): Promise<void> {
    try {
      const { query, load, copy, extract } = job.configuration;
      if (query) await this.#query(job, query, location);
      else if (load) job.statistics.load = texts(await this.#parts.loader.load(load));
      else if (copy) await this.#copy(copy);
      else if (extract) job.statistics.extract = await this.#extract(extract);
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
    query: z.output<typeof QueryConfiguration>,
    location: string | undefined,
  ): Promise<void> {
    if (query.useLegacySql)
      throw invalid('Legacy SQL is not supported by the local BigQuery; set useLegacySql to false');
    const outcome = await this.#parts.runner.run(
      query.query,
      {
        project: job.reference.projectId,
        defaultDataset: query.defaultDataset,
        location,
        parameters: query.queryParameters,
      },
      job.configuration.dryRun,
    );
    job.fields = outcome.fields;
    job.rowCount = outcome.rowCount;
    job.statistics.query = queryStatistics(outcome);
    if (outcome.result === undefined) return;
    job.result = outcome.result;
    this.#results.push(job);
    if (query.destinationTable) await this.#storeResult(outcome, query);
    else this.#checkResultKey(job.reference, query);
  }

  /** Results that are given no table are kept for a day, in one without a name. */
  #checkResultKey({ projectId, jobId }: JobReference, query: z.output<typeof QueryConfiguration>): void {
    const kmsKeyName = query.destinationEncryptionConfiguration?.kmsKeyName;
    if (kmsKeyName) this.#parts.tables.checkResultKey(kmsKeyName, projectId, jobId);
  }

  async #storeResult(outcome: Outcome, query: z.output<typeof QueryConfiguration>): Promise<void> {
    const table = query.destinationTable!;
    const select = `SELECT * FROM ${outcome.result}`;
    await this.#fill(
      table,
      outcome.fields,
      select,
      query.writeDisposition,
      query.destinationEncryptionConfiguration?.kmsKeyName,
    );
  }

  async #copy(copy: z.output<typeof CopyConfiguration>): Promise<void> {
    const { catalog } = this.#parts;
    const sources = copy.sourceTables ?? (copy.sourceTable ? [copy.sourceTable] : []);
    if (sources.length === 0) throw invalid('Required parameter is missing: sourceTables');
    const tables = sources.map((source) => catalog.table(source));
    const view = tables.find((table) => table.viewQuery !== undefined);
    if (view) throw invalid(`Cannot copy a view: ${view.reference.tableId}`);
    const shape = (index: number) =>
      JSON.stringify(tables[index].fields.map(({ name, type, mode }) => [name, type, mode]));
    const odd = tables.findIndex((_, index) => shape(index) !== shape(0));
    if (odd >= 0) throw invalid(`Schemas of source tables differ: ${sources[odd].tableId}`);
    const select = sources.map((source) => `SELECT * FROM ${storedTable(source)}`).join(' UNION ALL ');
    const kmsKeyName = copy.destinationEncryptionConfiguration?.kmsKeyName;
    await this.#fill(copy.destinationTable, tables[0].fields, select, copy.writeDisposition, kmsKeyName);
  }

  async #fill(
    table: z.output<typeof TableReferenceSchema>,
    fields: TableField[],
    select: string,
    writeDisposition: z.output<typeof WriteDisposition>,
    kmsKeyName: string | undefined,
  ): Promise<void> {
    const { catalog, tables } = this.#parts;
    await catalog.write(async (connection, edits) => {
      if (writeDisposition === 'WRITE_APPEND' && catalog.findTable(table)) {
        const columns = catalog.table(table).fields;
        if (columns.length !== fields.length)
          throw invalid('Provided Schema does not match the destination table.');
        await connection.run(`INSERT INTO ${storedTable(table)} ${selectAs(`(${select})`, columns)}`);
        return;
      }
      await tables.createWithin(connection, edits, table, fields, {
        ...(kmsKeyName && { kmsKeyName }),
        query: select,
        disposition: writeDisposition === 'WRITE_TRUNCATE' ? 'WRITE_TRUNCATE' : 'WRITE_EMPTY',
      });
    });
  }

  async #extract(extract: z.output<typeof ExtractConfiguration>): Promise<object> {
    const { catalog, database, exporter } = this.#parts;
    const { fields, viewQuery } = catalog.table(extract.sourceTable);
    if (viewQuery !== undefined)
      throw invalid('Views cannot be extracted; export a query of the view instead.');
    const [uri] = extract.destinationUris;
    const sql = `SELECT * FROM ${storedTable(extract.sourceTable)}`;
    const request = { ...extract, uri, format: extract.destinationFormat };
    await database.read((connection) => exporter.write(connection, { sql, fields }, request));
    return { destinationUriFileCounts: ['1'] };
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
    const { database, catalog } = this.#parts;
    while (this.#results.length > KEPT_RESULTS) {
      const oldest = this.#results.shift()!;
      await database.read((connection) => connection.run(`DROP TABLE IF EXISTS ${oldest.result}`));
      oldest.result = undefined;
    }
    if (!named || job.configuration.dryRun) return;
    const { done: _, result: __, ...document } = job;
    await catalog.write(async (_connection, edits) =>
      edits.put('job', keyOf(job.reference), { ...document }),
    );
  }
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
