import type { z } from 'zod';
import { gcsUri, parseGcsUri } from '../../events/index.ts';
import { storage } from './clients.ts';
import { isConditionNotMet, lookUp } from './failure.ts';

/** JSON objects in Cloud Storage, written under generation preconditions: the store that claims are made of. */

export interface Stored<Value> {
  value: Value;
  generation: string;
}

/** Reads and parses a JSON object; `undefined` when there is none. */
export async function readJson<Schema extends z.ZodType>(
  bucket: string,
  object: string,
  schema: Schema,
): Promise<Stored<z.output<Schema>> | undefined> {
  const file = (await storage()).bucket(bucket).file(object);
  const [metadata] = (await lookUp(file.getMetadata())) ?? [];
  if (!metadata) return undefined;
  const generation = String(metadata.generation);
  const download = await lookUp(file.bucket.file(object, { generation }).download());
  if (!download) return undefined;
  const parsed = schema.safeParse(JSON.parse(download[0].toString('utf8')));
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
 * @returns the new generation, or `undefined` when somebody else wrote first
 */
export async function writeJson(
  bucket: string,
  object: string,
  value: unknown,
  ifGenerationMatch: string,
): Promise<string | undefined> {
  const file = (await storage()).bucket(bucket).file(object);
  try {
    await file.save(`${JSON.stringify(value, null, 2)}\n`, {
      contentType: 'application/json',
      resumable: false,
      preconditionOpts: { ifGenerationMatch },
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

/** Deletes an object if it is still there, and still of that generation when one is given. */
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
}

/** An object's current generation and size, or `undefined` when there is none. */
export async function statObject(bucket: string, object: string): Promise<ObjectStat | undefined> {
  const [metadata] = (await lookUp((await storage()).bucket(bucket).file(object).getMetadata())) ?? [];
  if (!metadata) return undefined;
  return { object, generation: String(metadata.generation), bytes: Number(metadata.size) };
}
