import { text } from 'node:stream/consumers';
import type { z } from 'zod';
import { gcsUri, parseGcsUri } from '../../events/index.ts';
import { storage } from './clients.ts';
import { isConditionNotMet, lookUp } from './failure.ts';

/** JSON objects in Cloud Storage, written under generation preconditions: the store that claims are made of. */

export interface Stored<Value> {
  value: Value;
  generation: string;
}

/**
 * Reads and parses a JSON object in one call; `undefined` when there is none. The generation comes with the
 * content, in a header, so the two belong together.
 */
export async function readJson<Schema extends z.ZodType>(
  bucket: string,
  object: string,
  schema: Schema,
): Promise<Stored<z.output<Schema>> | undefined> {
  const file = (await storage()).bucket(bucket).file(object);
  let generation: string | undefined;
  // Without validation: the client checks CRC32C in JavaScript, and the connection is checked by TLS.
  const stream = file.createReadStream({ validation: false });
  stream.on('response', (response: { headers: Record<string, string> }) => {
    generation = response.headers['x-goog-generation'];
  });
  const content = await lookUp(text(stream));
  if (content === undefined) return undefined;
  if (!generation) throw new Error(`${gcsUri(bucket, object)} came without its generation`);
  const parsed = schema.safeParse(JSON.parse(content));
  if (!parsed.success) throw new Error(`${gcsUri(bucket, object)} is malformed: ${parsed.error.message}`);
  return { value: parsed.data, generation };
}

/** Reads the whole of a small object that must exist. */
export async function readText(uri: string): Promise<string> {
  const { bucket, object } = parseGcsUri(uri);
  const [content] = await (await storage()).bucket(bucket).file(object).download();
  return content.toString('utf8');
}

/**
 * Writes a JSON object if its generation is still the one given ('0': if there is none yet).
 *
 * @param metadata custom metadata, at most 8 KiB, which a listing answers beside the name
 * @returns the new generation, or `undefined` when somebody else wrote first, who may be this caller: the client
 *   sends a write again whose answer was lost
 */
export async function writeJson(
  bucket: string,
  object: string,
  value: unknown,
  ifGenerationMatch: string,
  metadata?: Record<string, string>,
): Promise<string | undefined> {
  const file = (await storage()).bucket(bucket).file(object);
  try {
    await file.save(`${JSON.stringify(value, null, 2)}\n`, {
      contentType: 'application/json',
      resumable: false,
      preconditionOpts: { ifGenerationMatch },
      ...(metadata && { metadata: { metadata } }),
    });
  } catch (error) {
    if (isConditionNotMet(error)) return undefined;
    throw error;
  }
  return String(file.metadata.generation);
}

/** Writes an object whose content follows from its name, so that writing it twice is harmless. */
export async function writeText(
  bucket: string,
  object: string,
  content: string,
  contentType: string,
): Promise<void> {
  const file = (await storage()).bucket(bucket).file(object);
  await file.save(content, { contentType, resumable: false });
}

/** Deletes an object if it is still there, and still of that generation, where one is given. */
export async function deleteObject(bucket: string, object: string, generation?: string): Promise<void> {
  const file = (await storage()).bucket(bucket).file(object);
  try {
    await lookUp(file.delete(generation === undefined ? {} : { ifGenerationMatch: generation }));
  } catch (error) {
    if (!isConditionNotMet(error)) throw error;
  }
}

export interface ObjectStat {
  object: string;
  generation: string;
  bytes: number;
  metadata: Record<string, string>;
  /** For how long it has stood unchanged, in milliseconds, by Cloud Storage's clock. */
  ageMs: number;
}

/** An object's current generation, size and age, or `undefined` when there is none. */
export async function statObject(bucket: string, object: string): Promise<ObjectStat | undefined> {
  const found = await lookUp((await storage()).bucket(bucket).file(object).getMetadata());
  if (!found) return undefined;
  const [metadata, response] = found as [(typeof found)[0], { headers: Record<string, string> }];
  return {
    object,
    generation: String(metadata.generation),
    bytes: Number(metadata.size),
    metadata: (metadata.metadata ?? {}) as Record<string, string>,
    ageMs: Date.parse(response.headers.date) - Date.parse(String(metadata.updated)),
  };
}
