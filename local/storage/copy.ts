import { createReadStream } from 'node:fs';
import { z } from 'zod';
import { StatusError } from '../status.ts';
import { readNewObject, type StoredObject, type WritableFields } from './object-resource.ts';
import { type Preconditions, requirePreconditions } from './preconditions.ts';
import type { StorageEngine } from './storage-engine.ts';

/** The source of a copy: an object, or one generation of it, on conditions. */
export interface CopySource {
  bucket: string;
  name: string;
  generation?: string | undefined;
  preconditions: Preconditions;
}

/** Where a copy goes, and the resource that the caller gives it, as the request's body. */
export interface CopyTarget {
  bucket: string;
  name: string;
  resource: unknown;
  kmsKeyName?: string | undefined;
  preconditions: Preconditions;
}

/**
 * Copies content, with the source's metadata unless the target's resource gives any. Throws NOT_FOUND, 412 for a
 * precondition on either, and what an insertion throws.
 */
export async function copyObject(
  engine: StorageEngine,
  source: CopySource,
  target: CopyTarget,
): Promise<StoredObject> {
  const { objects } = engine.buckets.get(source.bucket);
  const original = objects.get(source.name, source.generation);
  requirePreconditions(source.preconditions, original);
  // Opened in the same step as its metadata is read, so that an overwrite can't come between.
  const content = createReadStream('', { fd: objects.open(source.name) });
  try {
    const given = readNewObject(target.resource);
    const { name: _name, kmsKeyName, crc32c: _crc32c, md5Hash: _md5Hash, ...fields } = given;
    const replaces = Object.values(fields).some((value) => value !== undefined);
    const resource = {
      ...(replaces ? { contentType: original.contentType, ...fields } : copiedFields(original)),
      ...withKey(target.kmsKeyName ?? kmsKeyName),
    };
    const insertion = {
      name: target.name,
      resource,
      preconditions: target.preconditions,
      componentCount: original.componentCount,
    };
    return engine.insert(target.bucket, insertion, await engine.staging.receive(content));
  } finally {
    content.destroy();
  }
}

const ComposeRequest = z.object({
  sourceObjects: z
    .array(
      z.object({
        name: z.string().min(1),
        generation: z.coerce.string().optional(),
        objectPreconditions: z.object({ ifGenerationMatch: z.coerce.string().optional() }).optional(),
      }),
    )
    .min(1)
    .max(32),
  destination: z.unknown(),
});

/** Concatenates up to 32 objects of a bucket into one. Throws as `copyObject`, or INVALID_ARGUMENT. */
export async function composeObject(
  engine: StorageEngine,
  target: { bucket: string; name: string; kmsKeyName?: string | undefined; preconditions: Preconditions },
  body: unknown,
): Promise<StoredObject> {
  const parsed = ComposeRequest.safeParse(body);
  if (!parsed.success) {
    throw new StatusError('INVALID_ARGUMENT', `Invalid compose request: ${z.prettifyError(parsed.error)}`, {
      reason: 'invalid',
    });
  }
  const { objects } = engine.buckets.get(target.bucket);
  const resource = readNewObject(parsed.data.destination);
  const parts: { object: StoredObject; content: ReturnType<typeof createReadStream> }[] = [];
  try {
    for (const { name, generation, objectPreconditions } of parsed.data.sourceObjects) {
      const object = objects.get(name, generation);
      requirePreconditions(objectPreconditions ?? {}, object);
      parts.push({ object, content: createReadStream('', { fd: objects.open(name) }) });
    }
    const insertion = {
      name: target.name,
      resource: {
        ...resource,
        contentType: resource.contentType ?? parts[0]!.object.contentType,
        ...withKey(target.kmsKeyName ?? resource.kmsKeyName),
      },
      preconditions: target.preconditions,
      componentCount: parts.reduce((count, { object }) => count + (object.componentCount ?? 1), 0),
    };
    const staged = await engine.staging.receive(concatenate(parts.map(({ content }) => content)));
    return engine.insert(target.bucket, insertion, staged);
  } finally {
    for (const { content } of parts) content.destroy();
  }
}

async function* concatenate(contents: AsyncIterable<Buffer>[]): AsyncGenerator<Buffer> {
  for (const content of contents) yield* content;
}

function copiedFields(original: StoredObject): WritableFields {
  const { contentType, contentEncoding, contentDisposition, contentLanguage, cacheControl } = original;
  const { customTime, metadata } = original;
  const fields = { contentType, contentEncoding, contentDisposition, contentLanguage, cacheControl };
  return { ...fields, ...(customTime ? { customTime } : {}), ...(metadata ? { metadata } : {}) };
}

function withKey(kmsKeyName: string | undefined): { kmsKeyName?: string } {
  return kmsKeyName === undefined ? {} : { kmsKeyName };
}
