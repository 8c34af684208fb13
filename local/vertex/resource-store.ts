import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StatusError } from '../status.ts';

interface Named {
  name?: string | null;
}

/**
 * One kind of resource, kept in memory and written through to one JSON file each, so that a second start of the
 * local cloud sees what the first one left. Resources are values: a change is a `put` of a new one.
 */
export class ResourceStore<T extends Named> {
  readonly #folder: string;
  readonly #resources = new Map<string, T>();

  constructor(stateDir: string, collection: string) {
    this.#folder = join(stateDir, 'vertex', collection);
    mkdirSync(this.#folder, { recursive: true });
    for (const file of readdirSync(this.#folder).filter((entry) => entry.endsWith('.json'))) {
      const resource: T = JSON.parse(readFileSync(join(this.#folder, file), 'utf8'));
      this.#resources.set(resource.name ?? '', resource);
    }
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
    return this.all().filter((resource) => resource.name?.startsWith(`${parent}/`));
  }

  put(resource: T): T {
    const name = resource.name ?? '';
    const file = this.#file(name);
    writeFileSync(`${file}.new`, JSON.stringify(resource, null, 2));
    renameSync(`${file}.new`, file);
    this.#resources.set(name, resource);
    return resource;
  }

  delete(name: string): void {
    if (this.#resources.delete(name)) rmSync(this.#file(name), { force: true });
  }

  #file(name: string): string {
    const digest = createHash('sha256').update(name).digest('hex').slice(0, 32);
    return join(this.#folder, `${digest}.json`);
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
