import { join } from 'node:path';
import { InputError } from '../container/errors.ts';
import { withTemporaryFolder } from '../container/run.ts';
import type { CensusTable } from './census-table.ts';
import { readCensus } from './census-table.ts';
import { downloadObject, listObjects } from './gcs.ts';

/**
 * Reads a snapshot of the census table from Cloud Storage.
 *
 * @param folder a `gs://…/` address; every `*.parquet` object under it is part of the snapshot
 * @throws InputError when there is no such object, or when their content can't be learnt from
 */
export async function readSnapshot(folder: string): Promise<CensusTable> {
  const objects = await listObjects(folder, '.parquet');
  if (objects.length === 0) throw new InputError(`no *.parquet objects under ${folder}`);
  return withTemporaryFolder(async (temporary) => {
    const paths = objects.map((_, index) => join(temporary, `${index}.parquet`));
    await Promise.all(objects.map((object, index) => downloadObject(object, paths[index])));
    try {
      return await readCensus(paths, temporary);
    } catch (error) {
      if (error instanceof InputError) throw new InputError(`${folder}: ${error.message}`);
      throw error;
    }
  });
}
