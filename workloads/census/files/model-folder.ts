import { z } from 'zod';
import { InputError } from '../container/errors.ts';
import { MODEL_FILE, SavedModel } from '../model/saved-model.ts';
import { readObject } from './gcs.ts';

/**
 * Reads the trained model from a model folder.
 *
 * @param folder a `gs://` address, with or without a slash at its end
 * @throws InputError when the folder's `model.json` isn't a model that this version can read
 */
export async function loadModel(folder: string): Promise<SavedModel> {
  const uri = `${folder.replace(/\/$/, '')}/${MODEL_FILE}`;
  const text = await readObject(uri);
  try {
    return SavedModel.parse(text);
  } catch (error) {
    const cause = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new InputError(`${uri} is not a census model: ${cause}`, { cause: error });
  }
}
