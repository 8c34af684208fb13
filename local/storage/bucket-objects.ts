import path from 'node:path';
import { StatusError } from '../status.ts';
import type { Generations } from './generations.ts';
import { Journal, type ObjectEntry } from './journal.ts';
import { ObjectFiles, type StagedContent, type StagingArea } from './object-files.ts';
import { mergePatch, type ObjectPatch, type StoredObject, type WritableFields } from './object-resource.ts';
import { type Preconditions, requirePreconditions } from './preconditions.ts';
import { SortedNames } from './sorted-names.ts';

/** What a new object gets from elsewhere than its content. */
export interface ObjectDraft {
  name: string;
  fields: WritableFields;
  defaultStorageClass: string;
  kmsKeyName?: string | undefined;
  /** Composite objects carry their number of parts, and no MD5. */
  componentCount?: number | undefined;
}

/**
 * The objects of one bucket. Every change checks its preconditions, commits to the journal and updates the index in
 * one synchronous step, so of two concurrent writers one sees the other's work.
 */
export class BucketObjects {
  readonly files: ObjectFiles;
  readonly names: SortedNames;
  readonly #bucket: string;
  readonly #journal: Journal;
  readonly #entries: Map<string, ObjectEntry>;
  readonly #staging: StagingArea;
  readonly #generations: Generations;
  readonly #nowMs: () => number;

  constructor(
    bucket: string,
    folder: string,
    shared: { staging: StagingArea; generations: Generations; nowMs: () => number },
  ) {
    this.#bucket = bucket;
    this.#staging = shared.staging;
    this.#generations = shared.generations;
    this.#nowMs = shared.nowMs;
    this.files = new ObjectFiles(folder);
    this.#journal = new Journal(path.join(folder, 'metadata.jsonl'));
    this.#entries = this.#restore();
    this.names = new SortedNames(this.#entries.keys());
  }

  #restore(): Map<string, ObjectEntry> {
    const { entries, staged, discarded, newestGeneration } = this.#journal.replay();
    this.#generations.observe(newestGeneration);
    for (const name of this.#staging.names()) {
      const entry = staged.get(name);
      if (entry && entries.get(entry.object.name) === entry) {
        this.files.moveIn(this.#staging.path(name), entry.file);
      }
    }
    for (const file of discarded) this.files.remove(file);
    this.#journal.rewrite(entries.values(), newestGeneration);
    return entries;
  }

  find(name: string): StoredObject | undefined {
    return this.#entries.get(name)?.object;
  }

  /** The live object. Throws NOT_FOUND, also when another generation than the live one is asked for. */
  get(name: string, generation?: string): StoredObject {
    const object = this.find(name);
    if (!object || (generation !== undefined && generation !== object.generation)) {
      const version = generation === undefined ? '' : `#${generation}`;
      throw new StatusError('NOT_FOUND', `No such object: ${this.#bucket}/${name}${version}`, {
        reason: 'notFound',
      });
    }
    return object;
  }

  /** Where the live object's content lies on this machine. */
  path(name: string): string {
    this.get(name);
    return this.files.path(this.#entries.get(name)!.file);
  }

  /** Opens the live object's content; the caller closes the descriptor. */
  open(name: string): number {
    this.get(name);
    return this.files.open(this.#entries.get(name)!.file);
  }

  /** Makes staged content the live generation; answers it and the object it overwrote. */
  commit(
    draft: ObjectDraft,
    content: StagedContent,
    preconditions: Preconditions,
  ): { object: StoredObject; overwritten: StoredObject | undefined } {
    const overwritten = this.find(draft.name);
    requirePreconditions(preconditions, overwritten);
    const object = this.#newGeneration(draft, content);
    const file = this.#entries.get(draft.name)?.file ?? this.files.place(draft.name);
    const entry = { object, file };
    this.#journal.put(entry, content.staged);
    this.files.moveIn(this.#staging.path(content.staged), file);
    this.#entries.set(draft.name, entry);
    this.names.add(draft.name);
    this.#shortenJournal();
    return { object, overwritten };
  }

  #newGeneration(draft: ObjectDraft, content: StagedContent): StoredObject {
    const { fields } = draft;
    const now = new Date(this.#nowMs()).toISOString();
    const { md5Hash, ...summary } = content.summary;
    return {
      ...fields,
      bucket: this.#bucket,
      name: draft.name,
      generation: this.#generations.next(),
      metageneration: '1',
      contentType: fields.contentType ?? 'application/octet-stream',
      storageClass: fields.storageClass ?? draft.defaultStorageClass,
      ...summary,
      ...(draft.componentCount === undefined ? { md5Hash } : { componentCount: draft.componentCount }),
      ...(draft.kmsKeyName === undefined ? {} : { kmsKeyName: draft.kmsKeyName }),
      timeCreated: now,
      updated: now,
      timeStorageClassUpdated: now,
    };
  }

  /** Changes the metadata that callers may set; content and generation stay. */
  patch(name: string, patch: ObjectPatch, options: VersionOptions): StoredObject {
    const { object, file } = this.#entry(name, options);
    const changed = mergePatch(object, patch) as StoredObject;
    changed.contentType ??= 'application/octet-stream';
    changed.metageneration = String(Number(object.metageneration) + 1);
    changed.updated = new Date(this.#nowMs()).toISOString();
    const entry = { object: changed, file };
    this.#journal.put(entry);
    this.#entries.set(name, entry);
    this.#shortenJournal();
    return changed;
  }

  /** As `patch`, but the fields that are left out are cleared. */
  update(name: string, fields: WritableFields, options: VersionOptions): StoredObject {
    const { metadata } = this.#entry(name, options).object;
    const cleared = Object.fromEntries(Object.keys(metadata ?? {}).map((key) => [key, null]));
    return this.patch(
      name,
      {
        contentType: fields.contentType ?? null,
        contentEncoding: fields.contentEncoding ?? null,
        contentDisposition: fields.contentDisposition ?? null,
        contentLanguage: fields.contentLanguage ?? null,
        cacheControl: fields.cacheControl ?? null,
        customTime: fields.customTime ?? null,
        metadata: fields.metadata ? { ...cleared, ...fields.metadata } : null,
      },
      options,
    );
  }

  delete(name: string, options: VersionOptions): StoredObject {
    const { object, file } = this.#entry(name, options);
    this.#journal.delete(name, object.generation);
    this.#entries.delete(name);
    this.names.delete(name);
    this.files.remove(file);
    this.#shortenJournal();
    return object;
  }

  close(): void {
    this.#journal.close();
  }

  #entry(name: string, options: VersionOptions): ObjectEntry {
    const object = this.get(name, options.generation);
    requirePreconditions(options.preconditions ?? {}, object);
    return this.#entries.get(name)!;
  }

  #shortenJournal(): void {
    if (this.#journal.isMostlyHistory(this.#entries.size)) {
      this.#journal.rewrite(this.#entries.values(), this.#generations.newest);
    }
  }
}

/** Which version a request acts on. */
export interface VersionOptions {
  generation?: string | undefined;
  preconditions?: Preconditions;
}
