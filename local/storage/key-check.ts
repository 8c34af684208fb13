import type { CheckKey } from '../boundaries.ts';
import type { Bucket } from './buckets.ts';

/** Checks the default key that a bucket is given. Throws what `checkKey` throws. */
export function checkBucketKey(
  checkKey: CheckKey,
  bucket: { name: string; project: string; location: string; encryption?: unknown },
): void {
  const { defaultKmsKeyName } = (bucket.encryption ?? {}) as { defaultKmsKeyName?: string };
  checkKey({
    kmsKeyName: defaultKmsKeyName,
    project: bucket.project,
    location: bucket.location,
    resource: `projects/_/buckets/${bucket.name}`,
  });
}

/**
 * The version of the key that a new object is written with: that of the key it was given, or else of its bucket's
 * default; undefined where there is neither. Throws what `checkKey` throws.
 */
export function objectKeyVersion(
  checkKey: CheckKey,
  { resource }: Bucket,
  object: { name: string; kmsKeyName: string | undefined },
): string | undefined {
  return checkKey({
    kmsKeyName: object.kmsKeyName ?? resource.encryption?.defaultKmsKeyName,
    project: resource.project,
    location: resource.location,
    resource: `projects/_/buckets/${resource.name}/objects/${object.name}`,
  });
}

/**
 * The bucket's objects, of which one is to be read: the version of the key that it was written with, if there was one,
 * is checked. Throws NOT_FOUND, or what `checkKey` throws.
 */
export function readableObjects(checkKey: CheckKey, bucket: Bucket, name: string): Bucket['objects'] {
  const { kmsKeyName } = bucket.objects.get(name);
  if (kmsKeyName) objectKeyVersion(checkKey, bucket, { name, kmsKeyName });
  return bucket.objects;
}
