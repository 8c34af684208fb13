import { layout, StartedOperation } from '../../events/index.ts';
import { storage } from './clients.ts';
import { deleteObject, readJson, type Stored, writeJson } from './objects.ts';

/**
 * Operations that have not ended. Each stands twice: under `outstanding/`, the small index that a sweep lists,
 * and as `operation.json` in the run folder, for people.
 */
export async function recordOutstanding(bucket: string, record: StartedOperation): Promise<void> {
  await overwrite(bucket, layout.outstanding(record), record);
  await overwrite(bucket, layout.operation(record.run, record.stage, record.attempt), record);
}

/** Records something to wait for that is not yet part of a run: it leaves no trace in a run folder. */
export async function recordExpectation(bucket: string, record: StartedOperation): Promise<void> {
  await writeJson(bucket, layout.outstanding(record), record, '0');
}

export async function clearOutstanding(
  bucket: string,
  record: Pick<StartedOperation, 'run' | 'stage' | 'attempt'>,
): Promise<void> {
  await deleteObject(bucket, layout.outstanding(record));
}

/** Everything outstanding in a bucket, page by page as Cloud Storage lists it. */
export async function* listOutstanding(bucket: string): AsyncGenerator<Stored<StartedOperation>> {
  const files = (await storage()).bucket(bucket).getFilesStream({ prefix: layout.outstandingPrefix });
  for await (const file of files as AsyncIterable<{ name: string }>) {
    const record = await readJson(bucket, file.name, StartedOperation);
    if (record) yield record;
  }
}

async function overwrite(bucket: string, object: string, record: StartedOperation): Promise<void> {
  const standing = await readJson(bucket, object, StartedOperation);
  await writeJson(bucket, object, record, standing?.generation ?? '0');
}
