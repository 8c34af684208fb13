import { DROP_FILES, type DropFile, layout, type RunId, type RunRecord } from '../events/index.ts';
import { type ObjectStat, statObject, writeJson } from './runtime/objects.ts';
import type { Work } from './runtime/stage.ts';

/** A folder that a data set's two files land in, as it is now. */
export interface Drop {
  name: string;
  bucket: string;
  files: Partial<Record<DropFile, ObjectStat>>;
}

/** The drop that an object belongs to, if it is one of a drop's two files. */
export function dropOf(object: string): string | undefined {
  const [prefix, drop, file, ...rest] = object.split('/');
  const isDropFile = Object.values(DROP_FILES).some((name) => name === file);
  return `${prefix}/` === layout.datasetsPrefix && isDropFile && rest.length === 0 ? drop : undefined;
}

/** Which files of a drop are there now: notifications may come in any order, the bucket is the truth. */
export async function lookAtDrop(bucket: string, name: string): Promise<Drop> {
  const [train, evaluation] = await Promise.all([
    statObject(bucket, layout.drop(name) + DROP_FILES.train),
    statObject(bucket, layout.drop(name) + DROP_FILES.eval),
  ]);
  return { name, bucket, files: { train, eval: evaluation } };
}

export const isComplete = ({ files }: Drop): boolean => Boolean(files.train && files.eval);

/** The name of the file that has not landed. */
export const missingFile = (drop: Drop) =>
  layout.drop(drop.name) + (drop.files.train ? DROP_FILES.eval : DROP_FILES.train);

export const generationsOf = (drop: Drop) => ({
  train: drop.files.train?.generation,
  eval: drop.files.eval?.generation,
});

/**
 * What starts a run is its drop, whichever of the two files' notifications comes, and whoever asks for the same
 * again: all of them answer to one cause.
 */
export const causeOf = (drop: Drop, deliveryId: string) => ({
  source: `//storage.googleapis.com/projects/_/buckets/${drop.bucket}`,
  id: `${layout.drop(drop.name)}#${drop.files.train?.generation ?? ''}+${drop.files.eval?.generation ?? ''}`,
  deliveryId,
});

/** Writes the run record; a run that was opened before keeps its first record. */
export async function openRun(run: RunId, drop: Drop, work: Work): Promise<void> {
  const record: RunRecord = {
    run,
    model: work.environment.BATON_MODEL,
    drop: drop.name,
    bucket: drop.bucket,
    generations: generationsOf(drop),
    startedAt: work.clock().toISOString(),
  };
  await writeJson(work.environment.BATON_BUCKET, layout.runRecord(run), record, '0');
}
