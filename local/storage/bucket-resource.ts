import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { StatusError } from '../status.ts';
import { etagOf, mergePatch } from './object-resource.ts';

/** A bucket's metadata as it is kept. Fields that the local cloud doesn't act on are stored as given. */
export interface StoredBucket {
  name: string;
  /** The project that the bucket belongs to. */
  project: string;
  location: string;
  storageClass: string;
  metageneration: string;
  timeCreated: string;
  updated: string;
  encryption?: { defaultKmsKeyName?: string };
  versioning?: { enabled?: boolean };
  labels?: Record<string, string>;
  [field: string]: unknown;
}

const BucketFields = z.looseObject({
  location: z.string().min(1).optional(),
  storageClass: z.enum(['STANDARD', 'NEARLINE', 'COLDLINE', 'ARCHIVE']).optional(),
  encryption: z.looseObject({ defaultKmsKeyName: z.string().optional() }).optional(),
  versioning: z.looseObject({ enabled: z.boolean().optional() }).optional(),
  labels: z
    .record(z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/), z.string().regex(/^[a-z0-9_-]{0,63}$/))
    .optional(),
});

const OUTPUT_ONLY = [
  'kind',
  'id',
  'selfLink',
  'etag',
  'name',
  'project',
  'projectNumber',
  'metageneration',
  'timeCreated',
  'updated',
  'locationType',
];

/** A new bucket from the resource that a caller gives. Throws INVALID_ARGUMENT for a bad name or field. */
export function newBucket(name: string, project: string, given: unknown, now: string): StoredBucket {
  checkBucketName(name);
  const { location, storageClass, ...fields } = writableBucketFields(given);
  return {
    iamConfiguration: { uniformBucketLevelAccess: { enabled: false }, publicAccessPrevention: 'inherited' },
    ...fields,
    name,
    project,
    location: (location ?? 'US').toUpperCase(),
    storageClass: storageClass ?? 'STANDARD',
    metageneration: '1',
    timeCreated: now,
    updated: now,
  };
}

/** The bucket after a merge patch. Location is fixed at creation. Throws INVALID_ARGUMENT. */
export function patchedBucket(bucket: StoredBucket, patch: object, now: string): StoredBucket {
  const changes = Object.fromEntries(Object.entries(patch).filter(([field]) => !OUTPUT_ONLY.includes(field)));
  const merged = mergePatch(bucket, changes) as StoredBucket;
  requireLocation(bucket, merged.location);
  writableBucketFields(merged);
  return {
    ...merged,
    location: bucket.location,
    metageneration: String(Number(bucket.metageneration) + 1),
    updated: now,
  };
}

/**
 * The bucket with the fields of a new declaration instead of its own; the same object when they don't differ.
 * Throws INVALID_ARGUMENT, also for another location than the bucket has.
 */
export function redeclaredBucket(
  bucket: StoredBucket,
  project: string,
  given: unknown,
  now: string,
): StoredBucket {
  const { metageneration, timeCreated, updated } = bucket;
  const declared = {
    ...newBucket(bucket.name, project, given, now),
    metageneration,
    timeCreated,
    updated,
  };
  requireLocation(bucket, declared.location);
  if (isDeepStrictEqual(declared, bucket)) return bucket;
  return { ...declared, metageneration: String(Number(metageneration) + 1), updated: now };
}

function requireLocation(bucket: StoredBucket, location: string): void {
  if (location.toUpperCase() === bucket.location) return;
  throw new StatusError(
    'INVALID_ARGUMENT',
    `The location of bucket ${bucket.name} is ${bucket.location}: a bucket's location can't be changed.`,
    { reason: 'invalid' },
  );
}

/** The bucket resource as the JSON API answers it. */
export function bucketResource(bucket: StoredBucket): Record<string, unknown> {
  const { project: _project, ...resource } = bucket;
  return {
    kind: 'storage#bucket',
    id: bucket.name,
    selfLink: `https://www.googleapis.com/storage/v1/b/${bucket.name}`,
    locationType: /-/.test(bucket.location) ? 'region' : 'multi-region',
    ...resource,
    etag: etagOf('bucket', bucket.metageneration),
  };
}

function writableBucketFields(given: unknown): z.infer<typeof BucketFields> {
  const parsed = BucketFields.safeParse(given ?? {});
  if (!parsed.success) {
    throw new StatusError('INVALID_ARGUMENT', `Invalid bucket: ${z.prettifyError(parsed.error)}`, {
      reason: 'invalid',
    });
  }
  return Object.fromEntries(Object.entries(parsed.data).filter(([field]) => !OUTPUT_ONLY.includes(field)));
}

function checkBucketName(name: string): void {
  const labels = name.split('.');
  const valid =
    /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/.test(name) &&
    labels.every((label) => label.length >= 1 && label.length <= 63) &&
    !name.startsWith('goog') &&
    !/^\d+\.\d+\.\d+\.\d+$/.test(name);
  if (!valid) {
    throw new StatusError('INVALID_ARGUMENT', `Invalid bucket name: '${name}'`, { reason: 'invalid' });
  }
}
