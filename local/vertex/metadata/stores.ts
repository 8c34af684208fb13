import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import type { CheckKey } from '../../boundaries.ts';
import { StatusError } from '../../status.ts';
import { type ListQuery, listPage } from '../listing.ts';
import { newId, parseLocation } from '../names.ts';
import type { Operation, Operations } from '../operations.ts';
import { plain, ResourceStore } from '../resource-store.ts';
import { checkEncryption, checkId } from '../validation.ts';
import { now } from '../values.ts';

export type MetadataStore = google.cloud.aiplatform.v1.IMetadataStore;

const ID = /^[a-z0-9-]{4,128}$/;

/** The id that a client chose for anything of ML Metadata, or one of ours. Throws INVALID_ARGUMENT. */
export function idOf(field: string, chosen: string | null | undefined): string {
  if (!chosen) return newId();
  checkId(field, chosen, ID, '4 to 128 of [a-z0-9-]');
  return chosen;
}

/**
 * Metadata stores, of which a project has one named `default` in a region. Nothing makes it by itself: whatever is
 * written where no store is, is refused.
 */
export class MetadataStores {
  readonly #store: ResourceStore<MetadataStore>;
  readonly #operations: Operations;
  readonly #checkKey: CheckKey;

  constructor(stateDir: string, operations: Operations, checkKey: CheckKey) {
    this.#store = new ResourceStore(stateDir, 'metadata-stores');
    this.#operations = operations;
    this.#checkKey = checkKey;
  }

  create(parent: string, request: MetadataStore, chosen: string): Operation {
    parseLocation(parent);
    const name = `${parent}/metadataStores/${idOf('metadata_store_id', chosen)}`;
    if (this.#store.find(name)) {
      throw new StatusError('ALREADY_EXISTS', `The metadata store "${name}" already exists.`);
    }
    checkEncryption(request.encryptionSpec, name, this.#checkKey);
    const store = this.#make(name, request);
    return this.#operations.start({
      on: name,
      metadata: 'CreateMetadataStoreOperationMetadata',
      response: 'MetadataStore',
      run: async () => store,
    });
  }

  /** Has the store be there, as a program declares it. Its key was settled when it was made. */
  declare(store: MetadataStore & { name: string }): void {
    checkEncryption(store.encryptionSpec, store.name, this.#checkKey);
    if (!this.#store.find(store.name)) this.#make(store.name, store);
  }

  /** Throws NOT_FOUND. */
  get(name: string): MetadataStore {
    return this.#store.get(name);
  }

  list(parent: string, query: ListQuery): { metadataStores: MetadataStore[]; nextPageToken: string } {
    parseLocation(parent);
    const { page, nextPageToken } = listPage(this.#store.under(parent), query);
    return { metadataStores: page, nextPageToken };
  }

  #make(name: string, request: MetadataStore): MetadataStore {
    const time = now();
    return this.#store.put({ ...plain(request), name, createTime: time, updateTime: time });
  }
}
