import type { Readable } from 'node:stream';

/** An object's metadata, in the JSON API's own field names. */
export interface ObjectMetadata {
  bucket: string;
  name: string;
  generation: string;
  metageneration: string;
  size: string;
  contentType: string;
  crc32c: string;
  md5Hash?: string;
  timeCreated: string;
  updated: string;
  kmsKeyName?: string;
  metadata?: Record<string, string>;
}

export type ObjectChange = 'OBJECT_FINALIZE' | 'OBJECT_DELETE' | 'OBJECT_METADATA_UPDATE';

/** Cloud Storage, as the other services use it. Missing buckets and objects throw a NOT_FOUND `StatusError`. */
export interface ObjectStore {
  createBucket(bucket: { name: string; project: string; location: string; [field: string]: unknown }): void;
  hasBucket(bucket: string): boolean;
  stat(bucket: string, name: string): ObjectMetadata;
  /** Metadata of the objects under a prefix, by name. */
  list(bucket: string, prefix: string): ObjectMetadata[];
  /** The object's bytes as a file on this machine, to be read only. */
  path(bucket: string, name: string): string;
  read(bucket: string, name: string): Readable;
  write(
    bucket: string,
    name: string,
    content: Buffer | Readable,
    options?: { contentType?: string; ifGenerationMatch?: string; metadata?: Record<string, string> },
  ): Promise<ObjectMetadata>;
  delete(bucket: string, name: string): void;
  /** Called after each change is durable; `previous` is the generation that was overwritten. */
  onChange(listener: (change: ObjectChange, object: ObjectMetadata, previous?: string) => void): void;
}
