import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { JsonLines } from '../json-lines.ts';
import { StatusError } from '../status.ts';

interface Named {
  name?: string | null;
}

/** One step of a collection's history, done as a whole or not at all. */
interface Change<T> {
  put?: T[];
  delete?: string[];
}

/** History is dropped when there is so much more of it than of resources. */
const HISTORY = 1000;

/**
 * One kind of resource, kept in memory and written through to a file of changes, so that a second start of the local
 * cloud sees what the first one left. Resources are values: a change is a `put` of a new one.
 */
export class ResourceStore<T extends Named> {
  readonly #lines: JsonLines<Change<T>>;
  readonly #resources = new Map<string, T>();

  constructor(stateDir: string, collection: string) {
    const folder = join(stateDir, 'vertex');
    mkdirSync(folder, { recursive: true });
    this.#lines = new JsonLines(join(folder, `${collection}.jsonl`));
    for (const change of this.#lines.read()) this.#apply(change);
    this.#lines.replace([{ put: this.all() }]);
  }

  find(name: string): T | undefined {
    return this.#resources.get(name);
  }

  /** Throws NOT_FOUND when there is no such resource. */
  get(name: string): T {
    const resource = this.#resources.get(name);
    if (!resource) throw new StatusError('NOT_FOUND', `The resource "${name}" does not exist.`);
    return resource;
  }

  all(): T[] {
    return [...this.#resources.values()];
  }

  /** The resources whose names begin with the parent's. */
  under(parent: string): T[] {
    const prefix = `${parent}/`;
    const found: T[] = [];
    for (const [name, resource] of this.#resources) if (name.startsWith(prefix)) found.push(resource);
    return found;
  }

  put(resource: T): T {
    this.change({ put: [resource] });
    return resource;
  }

  delete(name: string): void {
    if (this.#resources.has(name)) this.change({ delete: [name] });
  }

  /** Puts and deletes in one step. */
  change(change: Change<T>): void {
    this.#lines.append(change);
    this.#apply(change);
    if (this.#lines.count > HISTORY + 2 * this.#resources.size) this.#lines.replace([{ put: this.all() }]);
  }

  #apply({ put = [], delete: gone = [] }: Change<T>): void {
    for (const resource of put) this.#resources.set(resource.name ?? '', resource);
    for (const name of gone) this.#resources.delete(name);
  }
}

/** A decoded message as a JSON value: what is stored, and what goes back to a caller. */
export function plain<T>(message: T): T {
  return JSON.parse(JSON.stringify(message ?? {}));
}

/** A version stamp of a resource's content, for `etag` fields. */
export function etagOf(resource: object): string {
  return createHash('sha256')
    .update(JSON.stringify({ ...resource, etag: undefined }))
    .digest('base64')
    .slice(0, 22);
}
