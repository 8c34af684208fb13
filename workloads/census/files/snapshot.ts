import { join } from 'node:path';
import { InputError } from '../container/errors.ts';
import { withTemporaryFolder } from '../container/run.ts';
import { type CensusTable, readCensus, type Shard, WHOLE } from './census-table.ts';
import { downloadObject, listObjects } from './gcs.ts';

/**
 * Reads a snapshot of the census table from Cloud Storage.
 *
 * @param folder a `gs://…/` address; every `*.parquet` object under it is part of the snapshot
 * @param shard which of the rows to keep
 * @throws InputError when there is no such object, or when their content can't be learnt from
 */
export async function readSnapshot(folder: string, shard: Shard = WHOLE): Promise<CensusTable> {
  const objects = await listObjects(folder, '.parquet');
  if (objects.length === 0) throw new InputError(`no *.parquet objects under ${folder}`);
  return withTemporaryFolder(async (temporary) => {
    const paths = objects.map((_, index) => join(temporary, `${index}.parquet`));
    await Promise.all(objects.map((object, index) => downloadObject(object, paths[index])));
    try {
      return await readCensus(paths, temporary, shard);
    } catch (error) {
      if (error instanceof InputError) throw new InputError(`${folder}: ${error.message}`);
      throw error;
    }
  });
}
