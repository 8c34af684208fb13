import { z } from 'zod';
import type { ObjectMetadata } from '../boundaries.ts';
import { StatusError } from '../status.ts';

/** An object's metadata as it is kept: the JSON API's fields without those that follow from others. */
export interface StoredObject extends ObjectMetadata {
  storageClass: string;
  timeStorageClassUpdated: string;
  contentEncoding?: string;
  contentDisposition?: string;
  contentLanguage?: string;
  cacheControl?: string;
  customTime?: string;
  componentCount?: number;
}

const StorageClass = z.enum(['STANDARD', 'NEARLINE', 'COLDLINE', 'ARCHIVE']);

/** The fields of an object resource that a caller sets. */
const WritableFields = z
  .object({
    contentType: z.string(),
    contentEncoding: z.string(),
    contentDisposition: z.string(),
    contentLanguage: z.string(),
    cacheControl: z.string(),
    customTime: z.iso.datetime({ offset: true }),
    storageClass: StorageClass,
    metadata: z.record(z.string(), z.string()),
  })
  .partial();
export type WritableFields = z.infer<typeof WritableFields>;

/** What else a new object's resource may carry: its name, its key and the hashes its content must have. */
const NewObject = WritableFields.extend({
  name: z.string().optional(),
  kmsKeyName: z.string().optional(),
  crc32c: z.string().optional(),
  md5Hash: z.string().optional(),
});
export type NewObject = z.infer<typeof NewObject>;

const { shape } = WritableFields;
const nullable = <Schema extends z.ZodType>(schema: Schema) => schema.nullable().optional();
const ObjectPatch = z.object({
  contentType: nullable(shape.contentType.unwrap()),
  contentEncoding: nullable(shape.contentEncoding.unwrap()),
  contentDisposition: nullable(shape.contentDisposition.unwrap()),
  contentLanguage: nullable(shape.contentLanguage.unwrap()),
  cacheControl: nullable(shape.cacheControl.unwrap()),
  customTime: nullable(shape.customTime.unwrap()),
  metadata: z.record(z.string(), z.string().nullable()).nullable().optional(),
});
export type ObjectPatch = z.infer<typeof ObjectPatch>;

/** Parts of the object resource whose meaning would be lost if they were merely stored. */
const UNIMPLEMENTED_FIELDS = ['acl', 'retention', 'temporaryHold', 'eventBasedHold', 'contexts'];

/** The resource of an object to be created. Throws INVALID_ARGUMENT, or UNIMPLEMENTED for holds and ACLs. */
export function readNewObject(body: unknown): NewObject {
  return readObjectBody(NewObject, body);
}

/** The body of an object PATCH, in which null clears. Throws as `readNewObject`. */
export function readObjectPatch(body: unknown): ObjectPatch {
  return readObjectBody(ObjectPatch, body);
}

/** The fields that PUT replaces; those left out are cleared. Throws as `readNewObject`. */
export function readWritableFields(body: unknown): WritableFields {
  return readObjectBody(WritableFields, body);
}

function readObjectBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  for (const field of UNIMPLEMENTED_FIELDS) {
    if (typeof body === 'object' && body !== null && (body as Record<string, unknown>)[field]) {
      throw new StatusError('UNIMPLEMENTED', `Object field ${field} is not implemented by the local cloud.`);
    }
  }
  const parsed = schema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  throw new StatusError('INVALID_ARGUMENT', `Invalid object resource: ${z.prettifyError(parsed.error)}`, {
    reason: 'invalid',
  });
}

/** Refuses what is no object name. Throws INVALID_ARGUMENT. */
export function checkObjectName(name: string): void {
  const invalid = (why: string) =>
    new StatusError('INVALID_ARGUMENT', `Invalid object name ${JSON.stringify(name.slice(0, 80))}: ${why}.`, {
      reason: 'invalid',
    });
  if (name === '') throw new StatusError('INVALID_ARGUMENT', 'Required object name.', { reason: 'required' });
  if (Buffer.byteLength(name) > 1024) throw invalid('it is longer than 1024 bytes of UTF-8');
  if (!name.isWellFormed()) throw invalid('it is not valid Unicode');
  if (/[\r\n]/.test(name)) throw invalid('it contains a line break');
  if (name === '.' || name === '..') throw invalid("it is '.' or '..'");
  if (name.startsWith('.well-known/acme-challenge/')) throw invalid('the prefix is reserved');
}

/** The object resource as the JSON API answers it. */
export function objectResource(object: StoredObject): Record<string, unknown> {
  const { bucket, name, generation, metageneration } = object;
  const path = `b/${bucket}/o/${encodeURIComponent(name)}`;
  return {
    kind: 'storage#object',
    id: `${bucket}/${name}/${generation}`,
    selfLink: `https://www.googleapis.com/storage/v1/${path}`,
    mediaLink: `https://storage.googleapis.com/download/storage/v1/${path}?generation=${generation}&alt=media`,
    ...object,
    timeFinalized: object.timeCreated,
    etag: etagOf(generation, metageneration),
  };
}

/** An entity tag that changes with content and with metadata. */
export function etagOf(generation: string, metageneration: string): string {
  return Buffer.from(`${generation}/${metageneration}`).toString('base64');
}

/** RFC 7396: null removes, objects merge, anything else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const merged: Record<string, unknown> =
    typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined) continue;
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}
