import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import { StatusError } from '../../status.ts';
import type { FilterFunctions } from '../filter.ts';
import { type ListQuery, listPage } from '../listing.ts';
import { etagOf, plain, ResourceStore } from '../resource-store.ts';
import { checkLabels } from '../validation.ts';
import { camelCase, now } from '../values.ts';
import { idOf, type MetadataStores } from './stores.ts';

export type Artifact = google.cloud.aiplatform.v1.IArtifact;
export type Execution = google.cloud.aiplatform.v1.IExecution;
export type Context = google.cloud.aiplatform.v1.IContext;

const LARGEST_METADATA_BYTES = 200 * 1000;
const UPDATABLE = ['displayName', 'description', 'labels', 'metadata', 'state', 'uri'];

/** The namespaces whose schemas Vertex AI publishes in every store; none can be registered here. */
const PUBLISHED = /^(system|google)\.[A-Za-z]+$/;

/** Artifacts, executions or contexts: what a metadata store has, each under the id that its client chose. */
export class MetadataNodes<T extends Artifact | Execution | Context> {
  readonly #store: ResourceStore<T>;
  readonly #stores: MetadataStores;
  readonly #collection: string;

  constructor(stateDir: string, stores: MetadataStores, collection: 'artifacts' | 'executions' | 'contexts') {
    this.#store = new ResourceStore(stateDir, `metadata-${collection}`);
    this.#stores = stores;
    this.#collection = collection;
  }

  /** Throws ALREADY_EXISTS for an id that is taken, and NOT_FOUND without the store. */
  create(parent: string, request: T, chosen: string | null | undefined): T {
    this.#stores.get(parent);
    const name = `${parent}/${this.#collection}/${idOf(`${this.#collection.slice(0, -1)}_id`, chosen)}`;
    if (this.#store.find(name)) {
      throw new StatusError('ALREADY_EXISTS', `The resource "${name}" already exists.`);
    }
    return this.#put({ ...plain(request), name, createTime: now() });
  }

  /** Throws NOT_FOUND. */
  get(name: string): T {
    return this.#store.get(name);
  }

  list(
    parent: string,
    query: ListQuery,
    functions: FilterFunctions = {},
  ): { page: T[]; nextPageToken: string } {
    this.#stores.get(parent);
    return listPage(this.#store.under(`${parent}/${this.#collection}`), query, functions);
  }

  update(request: T, mask: string[], allowMissing: boolean): T {
    const name = request.name ?? '';
    const current = this.#store.find(name);
    if (!current && allowMissing) {
      const [, parent, id] = /^(.+)\/[^/]+\/([^/]+)$/.exec(name) ?? [];
      return this.create(parent ?? '', request, id);
    }
    const standing = current ?? this.#store.get(name);
    if (request.etag && request.etag !== standing.etag) {
      throw new StatusError(
        'ABORTED',
        `"${name}" has changed since it was read: its etag is "${standing.etag}".`,
      );
    }
    const fields = mask.map((path) => camelCase(path.split('.')[0]));
    const fixed = fields.find((field) => !UPDATABLE.includes(field));
    if (fixed) throw new StatusError('INVALID_ARGUMENT', `The field "${fixed}" can't be updated.`);
    const changes = plain(request);
    const changed = fields.map((field) => [field, Reflect.get(changes, field)]);
    return this.#put({ ...standing, ...Object.fromEntries(changed) });
  }

  #put(node: T): T {
    checkNode(node);
    const changed = { ...node, updateTime: now() };
    return this.#store.put({ ...changed, etag: etagOf(changed) });
  }
}

function checkNode(node: Artifact | Execution | Context): void {
  checkLabels(node.labels);
  if ([...(node.displayName ?? '')].length > 128) {
    throw new StatusError('INVALID_ARGUMENT', 'display_name may have at most 128 characters.');
  }
  if (Buffer.byteLength(JSON.stringify(node.metadata ?? {})) > LARGEST_METADATA_BYTES) {
    throw new StatusError('INVALID_ARGUMENT', 'metadata may have at most 200 KB.');
  }
  const { schemaTitle, schemaVersion } = node;
  if (!schemaTitle) return;
  if (!PUBLISHED.test(schemaTitle) || (schemaVersion && schemaVersion !== '0.0.1')) {
    throw new StatusError(
      'NOT_FOUND',
      `There is no metadata schema "${schemaTitle}" of version "${schemaVersion}".`,
    );
  }
}
