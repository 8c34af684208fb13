import type { ObjectStore } from '../boundaries.ts';
import { invalid, notFound } from './errors.ts';

export interface ObjectName {
  bucket: string;
  name: string;
}

/** Splits `gs://bucket/object`. */
export function parseUri(uri: string): ObjectName {
  const match = /^gs:\/\/([^/]+)\/(.+)$/.exec(uri);
  if (!match) throw invalid(`Invalid path: ${uri}`);
  return { bucket: match[1], name: match[2] };
}

/** The objects that a load job's URIs name; each URI may hold one `*`, and must match something. */
export function matchingObjects(objects: ObjectStore, uris: string[]): ObjectName[] {
  return uris.flatMap((uri) => {
    const { bucket, name } = parseUri(uri);
    const [prefix, suffix, ...more] = name.split('*');
    if (more.length > 0) throw invalid(`Invalid path: ${uri} has more than one wildcard`);
    if (!objects.hasBucket(bucket)) throw notFound(`URI ${uri}`);
    const found = objects
      .list(bucket, prefix)
      .filter((object) =>
        suffix === undefined ? object.name === name : object.name.slice(prefix.length).endsWith(suffix),
      );
    if (found.length === 0) throw notFound(`URI ${uri}`);
    return found.map((object) => ({ bucket, name: object.name }));
  });
}

/** The object that a whole export goes to: the first shard, where the URI has a `*`. */
export function exportedObject(uri: string): ObjectName {
  const { bucket, name } = parseUri(uri);
  if (name.split('*').length > 2) throw invalid(`Invalid path: ${uri} has more than one wildcard`);
  return { bucket, name: name.replace('*', '000000000000') };
}
