import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { StatusError } from '../status.ts';
import { BucketObjects } from './bucket-objects.ts';
import { newBucket, patchedBucket, redeclaredBucket, type StoredBucket } from './bucket-resource.ts';
import type { Generations } from './generations.ts';
import type { IamPolicy } from './iam-policy.ts';
import type { NotificationConfig } from './notification-config.ts';
import type { StagingArea } from './object-files.ts';

/** A bucket with what belongs to it. */
export interface Bucket {
  resource: StoredBucket;
  iamPolicy: IamPolicy;
  notifications: NotificationConfig[];
  readonly objects: BucketObjects;
}

const BUCKET_FILE = 'bucket.json';

/** All buckets. Each is a folder: `bucket.json`, `metadata.jsonl` and the content under `objects/`. */
export class Buckets {
  readonly #folder: string;
  readonly #shared: { staging: StagingArea; generations: Generations; nowMs: () => number };
  readonly #buckets = new Map<string, Bucket>();

  constructor(
    folder: string,
    shared: { staging: StagingArea; generations: Generations; nowMs: () => number },
  ) {
    this.#folder = folder;
    this.#shared = shared;
    for (const name of readdirSync(folder)) {
      if (existsSync(path.join(folder, name, BUCKET_FILE))) this.#buckets.set(name, this.#load(name));
    }
  }

  has(name: string): boolean {
    return this.#buckets.has(name);
  }

  /** Throws NOT_FOUND. */
  get(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket) return bucket;
    throw new StatusError('NOT_FOUND', `The specified bucket does not exist: ${name}`, {
      reason: 'notFound',
    });
  }

  /** The buckets of a project, by name. */
  ofProject(project: string): Bucket[] {
    return [...this.#buckets.values()]
      .filter(({ resource }) => resource.project === project)
      .sort((a, b) => (a.resource.name < b.resource.name ? -1 : 1));
  }

  /** Throws ALREADY_EXISTS, or INVALID_ARGUMENT for a bad name or field. */
  create(name: string, project: string, given: unknown): Bucket {
    if (this.has(name)) {
      throw new StatusError(
        'ALREADY_EXISTS',
        `Your previous request to create the named bucket succeeded and you already own it: ${name}`,
        { reason: 'conflict' },
      );
    }
    const resource = newBucket(name, project, given, this.#now());
    mkdirSync(path.join(this.#folder, name), { recursive: true });
    const bucket: Bucket = {
      resource,
      iamPolicy: { version: 1, bindings: [] },
      notifications: [],
      objects: this.#openObjects(name),
    };
    this.#buckets.set(name, bucket);
    this.save(bucket);
    return bucket;
  }

  /** Throws INVALID_ARGUMENT for a field that can't be changed so. */
  patch(bucket: Bucket, patch: object): void {
    bucket.resource = patchedBucket(bucket.resource, patch, this.#now());
    this.save(bucket);
  }

  /** Gives the bucket exactly the fields of a new declaration; one that says what the last one did changes nothing. */
  redeclare(bucket: Bucket, project: string, given: unknown): void {
    const declared = redeclaredBucket(bucket.resource, project, given, this.#now());
    if (declared === bucket.resource) return;
    bucket.resource = declared;
    this.save(bucket);
  }

  /** Throws when objects are left in the bucket. */
  delete(bucket: Bucket): void {
    const { name } = bucket.resource;
    if (bucket.objects.names.size > 0) {
      throw new StatusError('ALREADY_EXISTS', `The bucket you tried to delete is not empty: ${name}`, {
        reason: 'conflict',
      });
    }
    bucket.objects.close();
    this.#buckets.delete(name);
    rmSync(path.join(this.#folder, name), { recursive: true });
  }

  /** Writes what is known of the bucket itself to its file. */
  save(bucket: Bucket): void {
    const { objects: _objects, ...state } = bucket;
    const file = path.join(this.#folder, bucket.resource.name, BUCKET_FILE);
    writeFileSync(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`);
    renameSync(`${file}.new`, file);
  }

  close(): void {
    for (const bucket of this.#buckets.values()) bucket.objects.close();
  }

  #load(name: string): Bucket {
    const text = readFileSync(path.join(this.#folder, name, BUCKET_FILE), 'utf8');
    return { ...(JSON.parse(text) as Omit<Bucket, 'objects'>), objects: this.#openObjects(name) };
  }

  #openObjects(name: string): BucketObjects {
    return new BucketObjects(name, path.join(this.#folder, name), this.#shared);
  }

  #now(): string {
    return new Date(this.#shared.nowMs()).toISOString();
  }
}
