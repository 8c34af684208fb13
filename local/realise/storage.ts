import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { policyOf } from '../control-plane/iam-policy.ts';
import type { IamMember, RealisableCloud } from './cloud.ts';
import { type DeclaredResource, read } from './declared.ts';
import { FunctionArchive } from './function-source.ts';

const Bucket = z.object({
  project: z.string(),
  name: z.string(),
  location: z.string(),
  storageClass: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  uniformBucketLevelAccess: z.boolean().optional(),
  publicAccessPrevention: z.string().optional(),
  encryption: z.object({ defaultKmsKeyName: z.string() }).optional(),
  versioning: z.object({ enabled: z.boolean() }).optional(),
  lifecycleRules: z
    .array(
      z.object({
        action: z.object({ type: z.string(), storageClass: z.string().optional() }),
        condition: z.looseObject({
          matchesPrefixes: z.array(z.string()).optional(),
          matchesSuffixes: z.array(z.string()).optional(),
        }),
      }),
    )
    .default([]),
});

/** Translates to the JSON API's names, which are nested otherwise than Pulumi's. */
export function realiseBucket(resource: DeclaredResource, cloud: RealisableCloud): void {
  const { uniformBucketLevelAccess, publicAccessPrevention, lifecycleRules, ...same } = read(
    resource,
    Bucket,
  );
  const rule = lifecycleRules.map(({ action, condition }) => {
    const { matchesPrefixes, matchesSuffixes, ...rest } = condition;
    return { action, condition: { ...rest, matchesPrefix: matchesPrefixes, matchesSuffix: matchesSuffixes } };
  });
  cloud.storage.declareBucket({
    ...same,
    location: same.location.toUpperCase(),
    iamConfiguration: {
      uniformBucketLevelAccess: { enabled: uniformBucketLevelAccess ?? false },
      publicAccessPrevention: publicAccessPrevention ?? 'inherited',
    },
    ...(rule.length > 0 && { lifecycle: { rule } }),
  });
}

/** A bucket's policy is read from Cloud Storage itself. One that the program only grants on is not here. */
export function realiseBucketPolicies(
  members: IamMember[],
  declared: DeclaredResource[],
  { storage }: RealisableCloud,
): void {
  for (const { id } of declared.filter(({ type }) => type === 'gcp:storage/bucket:Bucket')) {
    const grants = members.filter(({ resource }) => resource === `projects/_/buckets/${id}`);
    if (grants.length > 0) storage.declareIamPolicy(id, policyOf(grants));
  }
}

const Notification = z.object({
  bucket: z.string(),
  topic: z.string(),
  payloadFormat: z.enum(['JSON_API_V1', 'NONE']),
  eventTypes: z
    .array(z.enum(['OBJECT_FINALIZE', 'OBJECT_DELETE', 'OBJECT_METADATA_UPDATE', 'OBJECT_ARCHIVE']))
    .optional(),
  objectNamePrefix: z.string().optional(),
  customAttributes: z.record(z.string(), z.string()).optional(),
});

export const readNotification = (resource: DeclaredResource) => read(resource, Notification);

export function realiseNotification(resource: DeclaredResource, cloud: RealisableCloud): void {
  const { bucket, ...notification } = readNotification(resource);
  cloud.storage.declareNotification(bucket, notification);
}

const BucketObject = z.object({
  bucket: z.string(),
  name: z.string(),
  contentType: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  content: z.string().optional(),
  source: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('file'), path: z.string() }),
      z.object({ kind: z.literal('text'), text: z.string() }),
      ...FunctionArchive.options,
    ])
    .optional(),
});

/**
 * Uploads the object unless it is there with the same content. An archive stays where it is: only functions are
 * built from archives, and `FunctionSources` unpacks theirs.
 */
export async function realiseObject(resource: DeclaredResource, { storage }: RealisableCloud): Promise<void> {
  const { bucket, name, source, content, contentType, metadata } = read(resource, BucketObject);
  if (source?.kind === 'assets' || source?.kind === 'folder') return;
  const text = source?.kind === 'text' ? source.text : content;
  const bytes = source?.kind === 'file' ? readFileSync(source.path) : Buffer.from(text ?? '');
  const md5Hash = createHash('md5').update(bytes).digest('base64');
  const present = storage.list(bucket, name).find((object) => object.name === name);
  if (present?.md5Hash === md5Hash) return;
  await storage.write(bucket, name, bytes, { contentType, metadata });
}
