import { randomInt } from 'node:crypto';
import { StatusError } from '../status.ts';

/** The parts of `projects/{project}/locations/{location}/{collection}/{id}`; a model's id may carry a version. */
export interface ResourceName {
  project: string;
  location: string;
  collection: string;
  id: string;
  /** What follows `@` in a model's name: a version id or an alias. */
  version: string | undefined;
  /** The name without its version. */
  base: string;
  /** `projects/{project}/locations/{location}` */
  parent: string;
}

const RESOURCE = /^projects\/([^/]+)\/locations\/([^/]+)\/([^/]+)\/([^/@]+)(?:@([^/]+))?(?:\/|$)/;
const LOCATION = /^projects\/([^/]+)\/locations\/([^/]+)(?:\/|$)/;

/** Takes apart a resource's name, or a child's down to that resource. Throws INVALID_ARGUMENT. */
export function parseName(name: string | null | undefined): ResourceName {
  const match = RESOURCE.exec(name ?? '');
  if (!match) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      `Invalid resource name "${name ?? ''}": expected projects/*/locations/*/…`,
    );
  }
  const [, project, location, collection, id, version] = match;
  const parent = `projects/${project}/locations/${location}`;
  return { project, location, collection, id, version, base: `${parent}/${collection}/${id}`, parent };
}

/** The project and region of a location's name, or of anything under it. Throws INVALID_ARGUMENT. */
export function parseLocation(name: string | null | undefined): { project: string; location: string } {
  const match = LOCATION.exec(name ?? '');
  if (!match) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      `Invalid location "${name ?? ''}": expected projects/*/locations/*.`,
    );
  }
  return { project: match[1], location: match[2] };
}

/** A resource id as Vertex AI makes them: nineteen decimal digits. */
export function newId(): string {
  return `${randomInt(1e9, 1e10 - 1)}${String(randomInt(0, 1e9)).padStart(9, '0')}`;
}

/**
 * The tenant project, Google-managed on the real service, that holds copied artefacts and the identity of
 * prediction containers that were given no service account.
 */
export function tenantProject(project: string): string {
  return `${project}-tp`;
}
