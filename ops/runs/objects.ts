import type { Storage } from '@google-cloud/storage';
import { z } from 'zod';

const hasStatus = (error: unknown, status: number) => (error as { code?: unknown }).code === status;

/** A record that is there and cannot be read: one of another version, or one that a person has changed. */
export class MalformedRecord extends Error {
  override readonly name = 'MalformedRecord';
}

/** Does something with a record, or tells of one that cannot be read and goes on without. */
export async function unlessMalformed<Value>(
  reading: Promise<Value>,
  tell: (problem: string) => void,
): Promise<Value | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof MalformedRecord)) throw error;
    tell(error.message);
    return undefined;
  }
}

/**
 * Reads a record, or `undefined` where there is none.
 *
 * @param generation the one to read, where the record is then to be changed
 * @throws MalformedRecord naming the object
 */
export async function readRecord<Value>(
  storage: Storage,
  bucket: string,
  object: string,
  schema: z.ZodType<Value>,
  generation?: string,
): Promise<Value | undefined> {
  let content: Buffer;
  try {
    [content] = await storage.bucket(bucket).file(object, { generation }).download();
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
  const parsed = schema.safeParse(jsonOf(content));
  if (parsed.success) return parsed.data;
  throw new MalformedRecord(`gs://${bucket}/${object} is malformed: ${z.prettifyError(parsed.error)}`);
}

/**
 * Writes a record if its generation is still the one given (`'0'`: if there is none yet).
 *
 * @returns the new generation, or `undefined` when somebody else wrote first
 */
export async function writeRecord(
  storage: Storage,
  bucket: string,
  object: string,
  value: unknown,
  ifGenerationMatch: string,
): Promise<string | undefined> {
  const file = storage.bucket(bucket).file(object);
  try {
    await file.save(`${JSON.stringify(value, null, 2)}\n`, {
      contentType: 'application/json',
      resumable: false,
      preconditionOpts: { ifGenerationMatch },
    });
    return String(file.metadata.generation);
  } catch (error) {
    if (hasStatus(error, 412)) return undefined;
    throw error;
  }
}

/** The names of a bucket's objects under a prefix, in name order. */
export async function listNames(storage: Storage, bucket: string, prefix: string): Promise<string[]> {
  const [files] = await storage.bucket(bucket).getFiles({ prefix });
  return files.map((file) => file.name);
}

function jsonOf(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString('utf8'));
  } catch {
    return undefined;
  }
}
