import { createReadStream, mkdirSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { CheckKey, ObjectChange, ObjectMetadata, ObjectStore } from '../boundaries.ts';
import type { ObjectDraft, VersionOptions } from './bucket-objects.ts';
import { type Bucket, Buckets } from './buckets.ts';
import { requireChecksums } from './checksums.ts';
import { Generations } from './generations.ts';
import {
  declaredNotification,
  isSameNotification,
  type NotificationConfig,
  type NotificationDeclaration,
} from './notification-config.ts';
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
  /**
   * Told of each key that a bucket or object is about to be kept under; undefined where none is given. Throws the
   * answer when the key may not be used, or when one is required.
   */
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
  readonly #checkKey: NonNullable<StorageOptions['checkKey']>;
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
    for (const leftover of this.staging.names()) this.staging.discard(leftover);
  }

  /** Throws ALREADY_EXISTS, INVALID_ARGUMENT, or what `checkKey` throws. */
  createBucket(declaration: BucketDeclaration): void {
    const { name, project, ...fields } = declaration;
    this.#checkBucketKey(declaration);
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
    this.#checkBucketKey(declaration);
    this.buckets.redeclare(this.buckets.get(name), project, fields);
  }

  /** Throws NOT_FOUND, INVALID_ARGUMENT, or what `checkKey` throws. */
  patchBucket(name: string, patch: object): void {
    const bucket = this.buckets.get(name);
    const { encryption } = patch as { encryption?: unknown };
    if (encryption !== undefined) {
      const { project, location } = bucket.resource;
      this.#checkBucketKey({ name, project, location, encryption });
    }
    this.buckets.patch(bucket, patch);
  }

  /** Adds the notification unless the bucket has one just like it. Throws NOT_FOUND or INVALID_ARGUMENT. */
  declareNotification(bucketName: string, declaration: NotificationDeclaration): NotificationConfig {
    const bucket = this.buckets.get(bucketName);
    const wanted = declaredNotification(declaration);
    const present = bucket.notifications.find((config) => isSameNotification(config, wanted));
    return present ?? this.addNotification(bucketName, wanted);
  }

  /** Takes back a declared notification; one that is gone already, or whose bucket is, needs nothing. */
  withdrawNotification(bucketName: string, declaration: NotificationDeclaration): void {
    if (!this.hasBucket(bucketName)) return;
    const bucket = this.buckets.get(bucketName);
    const unwanted = declaredNotification(declaration);
    bucket.notifications = bucket.notifications.filter((config) => !isSameNotification(config, unwanted));
    this.buckets.save(bucket);
  }

  /** Throws NOT_FOUND for an unknown bucket. */
  addNotification(bucketName: string, config: Omit<NotificationConfig, 'id'>): NotificationConfig {
    const bucket = this.buckets.get(bucketName);
    const id = String(
      Math.max(0, ...bucket.notifications.map((notification) => Number(notification.id))) + 1,
    );
    const notification = { id, ...config };
    bucket.notifications.push(notification);
    this.buckets.save(bucket);
    return notification;
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
    return this.buckets.get(bucket).objects.path(name);
  }

  read(bucket: string, name: string): Readable {
    return createReadStream('', { fd: this.buckets.get(bucket).objects.open(name) });
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

  #checkBucketKey({
    name,
    project,
    location,
    encryption,
  }: {
    name: string;
    project: string;
    location: string;
    encryption?: unknown;
  }): void {
    const { defaultKmsKeyName } = (encryption ?? {}) as { defaultKmsKeyName?: string };
    const resource = `projects/_/buckets/${name}`;
    this.#checkKey({ kmsKeyName: defaultKmsKeyName, project, location, resource });
  }

  #draft(bucket: Bucket, insertion: Insertion): ObjectDraft {
    const { name: _name, kmsKeyName, crc32c: _crc32c, md5Hash: _md5Hash, ...fields } = insertion.resource;
    const { resource } = bucket;
    const key = kmsKeyName ?? resource.encryption?.defaultKmsKeyName;
    this.#checkKey({
      kmsKeyName: key,
      project: resource.project,
      location: resource.location,
      resource: `projects/_/buckets/${resource.name}/objects/${insertion.name}`,
    });
    return {
      name: insertion.name,
      fields,
      defaultStorageClass: resource.storageClass,
      // An object names the version of the key that it was written with.
      kmsKeyName: key?.replace(/(\/cryptoKeys\/[^/]+)$/, '$1/cryptoKeyVersions/1'),
      componentCount: insertion.componentCount,
    };
  }

  #tell(event: StorageEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
