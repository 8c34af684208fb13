import { createReadStream, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { ObjectStore, TableField, TableReference, Warehouse } from '../boundaries.ts';
import type { DataflowJob, JobCounters } from './job.ts';
import { checkNashornSyntax } from './nashorn.ts';
import type { TransformWorkers } from './transform.ts';

export interface PipelineServices {
  objects: ObjectStore;
  warehouse: Warehouse;
}

const Field: z.ZodType<TableField> = z.lazy(() =>
  z.looseObject({
    name: z.string(),
    type: z.string(),
    mode: z.string().optional(),
    fields: z.array(Field).optional(),
  }),
);
const SchemaFile = z.looseObject({ 'BigQuery Schema': z.array(Field).min(1) });

/**
 * Google's template GCS_Text_to_BigQuery: each line of the matching objects goes through the UDF, and what it
 * returns is appended to the table, which is created if need be. All rows are appended or none.
 *
 * @param spool a path for the transformed rows; the file is gone afterwards
 * @throws an Error that says what failed and where
 */
export async function textToBigQuery(
  job: DataflowJob,
  { objects, warehouse }: PipelineServices,
  { spool, workers, signal }: { spool: string; workers: TransformWorkers; signal: AbortSignal },
): Promise<JobCounters> {
  const { parameters } = job;
  const temporary = splitUri(parameters.bigQueryLoadingTemporaryDirectory);
  if (!objects.hasBucket(temporary.bucket))
    throw new Error(`The bucket gs://${temporary.bucket} does not exist.`);
  const fields = readSchema(objects, parameters.JSONPath);
  const source = readText(objects, parameters.javascriptTextTransformGcsPath);
  checkNashornSyntax(source, parameters.javascriptTextTransformGcsPath);
  const inputs = matchFiles(objects, parameters.inputFilePattern);
  mkdirSync(dirname(spool), { recursive: true });
  try {
    const task = {
      source,
      sourceUri: parameters.javascriptTextTransformGcsPath,
      functionName: parameters.javascriptTextTransformFunctionName,
      inputs,
      spool,
    };
    const counts = await workers.run(task, signal);
    const table = tableReference(parameters.outputTable, job.projectId);
    const rowsWritten = await warehouse.append(table, readRows(spool, signal), { createWith: fields });
    return { ...counts, rowsWritten };
  } finally {
    rmSync(spool, { force: true });
  }
}

function readSchema(objects: ObjectStore, uri: string): TableField[] {
  const text = readText(objects, uri);
  try {
    return SchemaFile.parse(JSON.parse(text))['BigQuery Schema'];
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new Error(`${uri} is not {"BigQuery Schema": [...]}: ${reason}`);
  }
}

function readText(objects: ObjectStore, uri: string): string {
  const { bucket, name } = splitUri(uri);
  return readFileSync(objects.path(bucket, name), 'utf8');
}

/** Reads the rows back, one at a time, and stops when the job is cancelled. */
async function* readRows(spool: string, signal: AbortSignal): AsyncGenerator<Record<string, unknown>> {
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(spool), crlfDelay: Infinity })) {
    signal.throwIfAborted();
    number++;
    try {
      yield JSON.parse(line);
    } catch (error) {
      throw new Error(
        `Error while reading data, error message: JSON parsing error in row ${number}: ${(error as Error).message}`,
      );
    }
  }
}

function matchFiles(objects: ObjectStore, pattern: string): { uri: string; path: string }[] {
  const { bucket, name } = splitUri(pattern);
  const matcher = globMatcher(name);
  const [prefix] = name.split(/[*?[{]/);
  const found = objects.hasBucket(bucket) ? objects.list(bucket, prefix) : [];
  const matching = found.filter((object) => matcher.test(object.name));
  if (matching.length === 0) throw new Error(`No files matched spec: ${pattern}`);
  return matching.map((object) => ({
    uri: `gs://${bucket}/${object.name}`,
    path: objects.path(bucket, object.name),
  }));
}

/** Beam's globs: `*` stays within a folder, `**` doesn't. */
function globMatcher(glob: string): RegExp {
  const source = glob.replace(/\*\*|\*|\?|\[[^\]]+\]|\{[^}]+\}|[\\^$.|+()[\]{}]/g, (part) => {
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.length > 1 && part.startsWith('[')) return part;
    if (part.length > 1 && part.startsWith('{')) return `(?:${part.slice(1, -1).replaceAll(',', '|')})`;
    return `\\${part}`;
  });
  return new RegExp(`^${source}$`);
}

function tableReference(spec: string, project: string): TableReference {
  const match = /^(?:(.+):)?([^.:]+)\.(.+)$/.exec(spec);
  if (!match) throw new Error(`outputTable ${spec} is not project:dataset.table`);
  return { projectId: match[1] ?? project, datasetId: match[2], tableId: match[3] };
}

function splitUri(uri: string): { bucket: string; name: string } {
  const [, bucket = '', name = ''] = /^gs:\/\/([^/]+)\/?(.*)$/.exec(uri) ?? [];
  return { bucket, name };
}
