import { isDeepStrictEqual } from 'node:util';
import {
  type AttemptKey,
  attemptOfOutstanding,
  layout,
  OperationRecord,
  OperationSummary,
  type Sequence,
} from '../../events/index.ts';
import { storage } from './clients.ts';
import { deleteObject, readJson, type Stored, statObject, writeJson } from './objects.ts';

/** Custom metadata takes 8 KiB in all. */
const LONGEST_SUMMARY = 7000;

/** As many operations are looked at one by one: a get is as good as a list. */
export const FEW = 2;

/** A marker as a listing tells of it. */
export interface Outstanding extends AttemptKey {
  resources: string[];
  sequence?: Sequence;
  due?: string;
}

/** Whether the moment has come that an operation waits for, where it waits for one. */
export const isDue = ({ due }: Outstanding): boolean => due === undefined || Date.parse(due) <= Date.now();

/**
 * Marks an operation as outstanding. A marker that stands already is this one, or was left behind by an owner who
 * was overtaken, and is replaced.
 *
 * @returns false when the fence no longer holds: somebody else has the attempt
 */
export async function putMarker(bucket: string, operation: OperationRecord): Promise<boolean> {
  const object = layout.outstanding(operation);
  for (let generation = '0'; ; ) {
    if (await writeJson(bucket, object, operation, generation, summaryOf(operation))) return true;
    const [standing, attempt] = await Promise.all([
      readJson(bucket, object, OperationRecord),
      statObject(bucket, layout.attemptRecord(operation)),
    ]);
    if (standing?.value.fence === operation.fence) return true;
    if (attempt?.generation !== operation.fence) return false;
    generation = standing?.generation ?? '0';
  }
}

/** Marks something to wait for that is not yet part of a run: no attempt of it stands in a run folder. */
export async function putExpectation(bucket: string, operation: OperationRecord): Promise<void> {
  await writeJson(bucket, layout.outstanding(operation), operation, '0', summaryOf(operation));
}

/** Takes such a mark away, if it is there: what was waited for has come. */
export const removeExpectation = (bucket: string, key: AttemptKey): Promise<void> =>
  deleteObject(bucket, layout.outstanding(key));

/**
 * Records the next step of an operation.
 *
 * @returns false when another sweep was faster
 */
export async function moveMarker(
  bucket: string,
  { value: standing, generation }: Stored<OperationRecord>,
  { resources, state }: Pick<OperationRecord, 'resources' | 'state'>,
): Promise<boolean> {
  const operation = { ...standing, resources, state };
  if (isDeepStrictEqual(operation, standing)) return false;
  const object = layout.outstanding(operation);
  return Boolean(await writeJson(bucket, object, operation, generation, summaryOf(operation)));
}

export const readMarker = (bucket: string, key: AttemptKey): Promise<Stored<OperationRecord> | undefined> =>
  readJson(bucket, layout.outstanding(key), OperationRecord);

/** Takes a marker away, unless another has taken its place. */
export const removeMarker = (bucket: string, { value, generation }: Stored<OperationRecord>): Promise<void> =>
  deleteObject(bucket, layout.outstanding(value), generation);

/** Everything outstanding in a bucket: one call per 1,000, since the metadata tells what a sweep has to know. */
export async function listOutstanding(bucket: string): Promise<Outstanding[]> {
  const [files] = await (await storage()).bucket(bucket).getFiles({ prefix: layout.outstandingPrefix });
  return files.flatMap(({ name, metadata }) => {
    const key = attemptOfOutstanding(name);
    if (!key) return [];
    const summary = OperationSummary.safeParse(metadata.metadata).data;
    const { resources, sequence, due } = summary ?? {};
    return [{ ...key, resources: resources?.split('\n') ?? [], sequence, due }];
  });
}

function summaryOf({ fence, resources, sequence, due }: OperationRecord): Record<string, string> {
  const lines = resources.join('\n');
  const summary: OperationSummary = { fence, resources: lines.length > LONGEST_SUMMARY ? '' : lines };
  return { ...summary, ...(sequence && { sequence }), ...(due && { due }) };
}
