import type { FastifyReply, FastifyRequest } from 'fastify';
import { StatusError } from '../status.ts';

/** A query as an operation sees it: one value per parameter. */
export type Query = Partial<Record<string, string>>;

/** One call of an operation. */
export interface StorageCall {
  request: FastifyRequest;
  reply: FastifyReply;
  query: Query;
  bucket: string;
  object: string;
  /** The path's parameters besides bucket and object. */
  path: Query;
  /** The request's body, parsed. */
  body: unknown;
  /** Throws PERMISSION_DENIED unless the caller has the permission on the bucket, or on the object given. */
  authorize(permission: string, bucket?: string, object?: string): void;
}

/** One method of the JSON API. */
export interface Operation {
  /** The API's name for it: `storage.objects.get`. */
  name: string;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The paths that lead to it, with `:bucket` and `:object` where they have one. */
  paths: string[];
  /** The query parameters that it implements, besides those common to all. */
  query?: readonly string[];
  /** Answers the JSON body, or the reply once it has been sent. */
  run(call: StorageCall): unknown;
}

/**
 * Parameters that change nothing here: formats and quotas, and `projection`, since there are no ACLs to leave out.
 */
const COMMON_PARAMETERS = [
  'alt',
  'prettyPrint',
  'key',
  'quotaUser',
  'userProject',
  'projection',
  'provisionalUserProject',
];

/** The request's query. Throws UNIMPLEMENTED for a parameter that the operation doesn't know. */
export function readQuery(operation: Operation, query: unknown): Query {
  const entries = Object.entries(query as Record<string, string | string[]>);
  return Object.fromEntries(
    entries.map(([parameter, value]) => {
      if (!operation.query?.includes(parameter) && !COMMON_PARAMETERS.includes(parameter)) {
        throw new StatusError(
          'UNIMPLEMENTED',
          `${operation.name}: query parameter ${parameter} is not implemented by the local cloud.`,
        );
      }
      return [parameter, Array.isArray(value) ? value.at(-1) : value];
    }),
  );
}

/** A positive page size, at most 1000. Throws INVALID_ARGUMENT. */
export function pageSize(query: Query): number {
  const { maxResults = '1000' } = query;
  if (/^\d+$/.test(maxResults) && Number(maxResults) > 0) return Math.min(Number(maxResults), 1000);
  throw new StatusError('INVALID_ARGUMENT', `Invalid value for maxResults: ${maxResults}`, {
    reason: 'invalid',
  });
}

/** A body that must be a JSON object. Throws INVALID_ARGUMENT. */
export function requiredBody(body: unknown): object {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body;
  throw new StatusError('INVALID_ARGUMENT', 'This request requires a JSON object as its body.', {
    reason: 'required',
  });
}
