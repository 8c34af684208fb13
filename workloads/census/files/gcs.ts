import { ApiError, Storage } from '@google-cloud/storage';
import { InputError } from '../container/errors.ts';

const storage = new Storage();

/** The addresses of the objects under a `gs://bucket/folder/` address whose names end so, by name. */
export async function listObjects(folder: string, suffix: string): Promise<string[]> {
  const { bucket, name } = parse(folder);
  const [files] = await storage.bucket(bucket).getFiles({ prefix: name });
  return files.filter((file) => file.name.endsWith(suffix)).map((file) => `gs://${bucket}/${file.name}`);
}

/** Copies an object to a local path. */
export async function downloadObject(uri: string, path: string): Promise<void> {
  await fileAt(uri).download({ destination: path });
}

/**
 * An object's content as UTF-8 text.
 *
 * @throws InputError when there is no such object
 */
export async function readObject(uri: string): Promise<string> {
  try {
    const [content] = await fileAt(uri).download();
    return content.toString('utf8');
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) {
      throw new InputError(`there is no object ${uri}`, { cause: error });
    }
    throw error;
  }
}

/** Writes an object in one request: there is either the whole of it or nothing. */
export async function writeObject(uri: string, content: string | Buffer, contentType: string): Promise<void> {
  await fileAt(uri).save(content, { contentType, resumable: false });
}

/** Writes a value as a JSON object. */
export async function writeJson(uri: string, value: object): Promise<void> {
  await writeObject(uri, JSON.stringify(value), 'application/json');
}

function fileAt(uri: string) {
  const { bucket, name } = parse(uri);
  return storage.bucket(bucket).file(name);
}

function parse(uri: string): { bucket: string; name: string } {
  const match = /^gs:\/\/([^/]+)\/(.*)$/.exec(uri);
  if (!match) throw new TypeError(`not a gs:// address: ${uri}`);
  return { bucket: match[1], name: match[2] };
}
