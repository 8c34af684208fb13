import type { Bucket } from './buckets.ts';

/**
 * Told of each key that a bucket or object is about to be kept under; undefined where none is given. Throws the
 * answer when the key may not be used, or when one is required.
 */
export type CheckKey = (use: { kmsKeyName: string | undefined; project: string; resource: string }) => void;

/** Checks the default key that a bucket is given. Throws what `checkKey` throws. */
export function checkBucketKey(
  checkKey: CheckKey,
  bucket: { name: string; project: string; encryption?: unknown },
): void {
  const { defaultKmsKeyName } = (bucket.encryption ?? {}) as { defaultKmsKeyName?: string };
  checkKey({
    kmsKeyName: defaultKmsKeyName,
    project: bucket.project,
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
  const kmsKeyName = object.kmsKeyName ?? resource.encryption?.defaultKmsKeyName;
  checkKey({
    kmsKeyName,
    project: resource.project,
    resource: `projects/_/buckets/${resource.name}/objects/${object.name}`,
  });
  return kmsKeyName?.replace(/(\/cryptoKeys\/[^/]+)$/, '$1/cryptoKeyVersions/1');
}
