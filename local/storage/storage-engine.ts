import { createReadStream, mkdirSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { CheckKey, ObjectChange, ObjectMetadata, ObjectStore } from '../boundaries.ts';
import { BucketNotifications } from './bucket-notifications.ts';
import type { ObjectDraft, VersionOptions } from './bucket-objects.ts';
import { type Bucket, Buckets } from './buckets.ts';
import { requireChecksums } from './checksums.ts';
import { Generations } from './generations.ts';
import type { IamPolicy } from './iam-policy.ts';
import { checkBucketKey, objectKeyVersion, readableObjects } from './key-check.ts';
import type { NotificationConfig, NotificationDeclaration } from './notification-config.ts';
import { type StagedContent, StagingArea } from './object-files.ts';
import {
  checkObjectName,
  type NewObject,
  type ObjectPatch,
  type StoredObject,
  type WritableFields,
} from './object-resource.ts';
import type { Preconditions } from './preconditions.ts';

export interface StorageOptions {
  /** The local cloud's state folder; this engine lives in its `storage/`. */
  stateDir: string;
  checkKey?: CheckKey;
  /** Milliseconds since 1970. */
  nowMs?: () => number;
}

/** A change to an object, with what the overwriting and the overwritten generation need to know of each other. */
export interface StorageEvent {
  change: ObjectChange;
  bucket: Bucket;
  object: StoredObject;
  /** The object that this one replaced. */
  overwritten?: StoredObject | undefined;
}

/** A bucket as a program declares it: `name`, `project`, `location`, and the JSON API's fields. */
export type BucketDeclaration = Parameters<ObjectStore['createBucket']>[0];

/** How new content becomes an object. */
export interface Insertion {
  name: string;
  resource: NewObject;
  preconditions: Preconditions;
  componentCount?: number | undefined;
}

/** Cloud Storage on the file system: buckets, objects, and word of their changes. */
export class StorageEngine implements ObjectStore {
  readonly buckets: Buckets;
  readonly staging: StagingArea;
  readonly nowMs: () => number;
  readonly #notifications: BucketNotifications;
  readonly #checkKey: CheckKey;
  readonly #listeners: ((event: StorageEvent) => void)[] = [];

  constructor(options: StorageOptions) {
    const folder = path.join(options.stateDir, 'storage');
    mkdirSync(folder, { recursive: true });
    this.nowMs = options.nowMs ?? Date.now;
    this.#checkKey = options.checkKey ?? (() => {});
    this.staging = new StagingArea(path.join(folder, '.staging'));
    this.buckets = new Buckets(folder, {
      staging: this.staging,
      generations: new Generations(this.nowMs),
      nowMs: this.nowMs,
    });
    this.#notifications = new BucketNotifications(this.buckets);
    for (const leftover of this.staging.names()) this.staging.discard(leftover);
  }

  /** Throws ALREADY_EXISTS, INVALID_ARGUMENT, or what `checkKey` throws. */
  createBucket(declaration: BucketDeclaration): void {
    const { name, project, ...fields } = declaration;
    checkBucketKey(this.#checkKey, declaration);
    this.buckets.create(name, project, fields);
  }

  /**
   * Makes the bucket as declared: creates it, or gives the one that an earlier start left the declared fields and
   * no others. Throws as `createBucket`, and INVALID_ARGUMENT for another location than the bucket has.
   */
  declareBucket(declaration: BucketDeclaration): void {
    const { name, project, ...fields } = declaration;
    if (!this.hasBucket(name)) {
      this.createBucket(declaration);
      return;
    }
    checkBucketKey(this.#checkKey, declaration);
    this.buckets.redeclare(this.buckets.get(name), project, fields);
  }

  /** @throws NOT_FOUND */
  declareIamPolicy(name: string, policy: IamPolicy): void {
    const bucket = this.buckets.get(name);
    if (JSON.stringify(bucket.iamPolicy) === JSON.stringify(policy)) return;
    bucket.iamPolicy = policy;
    this.buckets.save(bucket);
  }

  /** Throws NOT_FOUND, INVALID_ARGUMENT, or what `checkKey` throws. */
  patchBucket(name: string, patch: object): void {
    const bucket = this.buckets.get(name);
    const { encryption } = patch as { encryption?: unknown };
    if (encryption !== undefined) {
      checkBucketKey(this.#checkKey, { ...bucket.resource, encryption });
    }
    this.buckets.patch(bucket, patch);
  }

  /** Adds the notification unless the bucket has one just like it. Throws NOT_FOUND or INVALID_ARGUMENT. */
  declareNotification(bucketName: string, declaration: NotificationDeclaration): NotificationConfig {
    return this.#notifications.declare(this.buckets.get(bucketName), declaration);
  }

  /** Takes back a declared notification; one that is gone already, or whose bucket is, needs nothing. */
  withdrawNotification(bucketName: string, declaration: NotificationDeclaration): void {
    if (this.hasBucket(bucketName)) this.#notifications.withdraw(this.buckets.get(bucketName), declaration);
  }

  /** Throws NOT_FOUND for an unknown bucket. */
  addNotification(bucketName: string, config: Omit<NotificationConfig, 'id'>): NotificationConfig {
    return this.#notifications.add(this.buckets.get(bucketName), config);
  }

  hasBucket(name: string): boolean {
    return this.buckets.has(name);
  }

  stat(bucket: string, name: string): ObjectMetadata {
    return this.buckets.get(bucket).objects.get(name);
  }

  list(bucket: string, prefix: string): ObjectMetadata[] {
    const { objects } = this.buckets.get(bucket);
    const found: ObjectMetadata[] = [];
    const end = objects.names.firstBeyond(prefix);
    for (let at = objects.names.firstFrom(prefix); at < end; at++)
      found.push(objects.get(objects.names.at(at)!));
    return found;
  }

  path(bucket: string, name: string): string {
    return this.readable(bucket, name).path(name);
  }

  read(bucket: string, name: string): Readable {
    return createReadStream('', { fd: this.readable(bucket, name).open(name) });
  }

  /** The bucket's objects, one of which is to be read. Throws NOT_FOUND, or what `checkKey` throws of its key. */
  readable(bucketName: string, name: string) {
    return readableObjects(this.#checkKey, this.buckets.get(bucketName), name);
  }

  async write(
    bucket: string,
    name: string,
    content: Buffer | Readable,
    options: { contentType?: string; ifGenerationMatch?: string; metadata?: Record<string, string> } = {},
  ): Promise<ObjectMetadata> {
    const { ifGenerationMatch, ...resource } = options;
    this.buckets.get(bucket);
    const staged = await this.staging.receive(Buffer.isBuffer(content) ? Readable.from([content]) : content);
    return this.insert(bucket, { name, resource, preconditions: { ifGenerationMatch } }, staged);
  }

  delete(bucket: string, name: string): void {
    this.deleteObject(bucket, name, {});
  }

  onChange(listener: (change: ObjectChange, object: ObjectMetadata, previous?: string) => void): void {
    this.onEvent(({ change, object, overwritten }) => listener(change, object, overwritten?.generation));
  }

  /** As `onChange`, with the bucket and the overwritten object. */
  onEvent(listener: (event: StorageEvent) => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Makes staged content an object; on any error the content is discarded. Throws NOT_FOUND for the bucket,
   * INVALID_ARGUMENT for a bad name or a checksum that differs, 412 for a precondition.
   */
  insert(bucketName: string, insertion: Insertion, content: StagedContent): StoredObject {
    try {
      const bucket = this.buckets.get(bucketName);
      checkObjectName(insertion.name);
      requireChecksums(insertion.resource, content.summary);
      const draft = this.#draft(bucket, insertion);
      const { object, overwritten } = bucket.objects.commit(draft, content, insertion.preconditions);
      this.#tell({ change: 'OBJECT_FINALIZE', bucket, object, overwritten });
      return object;
    } catch (error) {
      this.staging.discard(content.staged);
      throw error;
    }
  }

  /** Throws NOT_FOUND, or 412 for a precondition. */
  patchObject(bucketName: string, name: string, patch: ObjectPatch, options: VersionOptions): StoredObject {
    const bucket = this.buckets.get(bucketName);
    const object = bucket.objects.patch(name, patch, options);
    this.#tell({ change: 'OBJECT_METADATA_UPDATE', bucket, object });
    return object;
  }

  /** As `patchObject`, but the fields that are left out are cleared. */
  updateObject(
    bucketName: string,
    name: string,
    fields: WritableFields,
    options: VersionOptions,
  ): StoredObject {
    const bucket = this.buckets.get(bucketName);
    const object = bucket.objects.update(name, fields, options);
    this.#tell({ change: 'OBJECT_METADATA_UPDATE', bucket, object });
    return object;
  }

  /** Throws NOT_FOUND, or 412 for a precondition. */
  deleteObject(bucketName: string, name: string, options: VersionOptions): void {
    const bucket = this.buckets.get(bucketName);
    const object = bucket.objects.delete(name, options);
    this.#tell({ change: 'OBJECT_DELETE', bucket, object });
  }

  /** Ends the use of the files; nothing may be called afterwards. */
  close(): void {
    this.buckets.close();
  }

  #draft(bucket: Bucket, insertion: Insertion): ObjectDraft {
    const { name: _name, kmsKeyName, crc32c: _crc32c, md5Hash: _md5Hash, ...fields } = insertion.resource;
    return {
      name: insertion.name,
      fields,
      defaultStorageClass: bucket.resource.storageClass,
      kmsKeyName: objectKeyVersion(this.#checkKey, bucket, { name: insertion.name, kmsKeyName }),
      componentCount: insertion.componentCount,
    };
  }

  #tell(event: StorageEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
