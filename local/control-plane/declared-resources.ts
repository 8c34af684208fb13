import { StatusError } from '../status.ts';

/** What the control planes of Google's services tell of resources, by the service's host and the resource's name. */
export class DeclaredResources {
  readonly #resources = new Map<string, object>();
  /** The names of enabled APIs, by project. */
  readonly #apis = new Map<string, Set<string>>();

  /** @param resource as the service's REST API answers it */
  declare(host: string, name: string, resource: object): void {
    this.#resources.set(`${host}/${name}`, resource);
  }

  enable(project: string, api: string): void {
    this.#apis.set(project, (this.#apis.get(project) ?? new Set()).add(api));
  }

  /** @throws NOT_FOUND */
  get(host: string, name: string): object {
    const resource = this.#resources.get(`${host}/${name}`);
    if (!resource) throw new StatusError('NOT_FOUND', `Resource '${name}' was not found`);
    return resource;
  }

  enabledApis(project: string): string[] {
    return [...(this.#apis.get(project) ?? [])];
  }
}
