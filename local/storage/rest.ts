import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller, RestModule } from '../boundaries.ts';
import { bucketOperations } from './bucket-operations.ts';
import { objectOperations } from './object-operations.ts';
import { type Operation, readQuery, type StorageCall } from './requests.ts';
import type { ResumableUploads } from './resumable-uploads.ts';
import type { StorageEngine } from './storage-engine.ts';
import { uploadOperations } from './upload-operations.ts';

/** What a caller wants to do to what: `//storage.googleapis.com/projects/_/buckets/<b>[/objects/<o>]`. */
export interface StorageAccess {
  caller: Caller;
  permission: string;
  /** Absent when the caller asks about a project rather than a bucket. */
  bucket?: string | undefined;
  object?: string | undefined;
}

/** Throws PERMISSION_DENIED for an access that is not granted. */
export type AuthorizeStorage = (access: StorageAccess) => void;

/** Cloud Storage's JSON API. What it doesn't implement answers UNIMPLEMENTED, by name. */
export function storageRest(
  engine: StorageEngine,
  uploads: ResumableUploads,
  authorize: AuthorizeStorage = () => {},
): RestModule {
  const operations = [
    ...bucketOperations(engine),
    ...objectOperations(engine),
    ...uploadOperations(engine, uploads),
  ];
  return {
    hosts: ['storage.googleapis.com', '*.storage.googleapis.com'],
    register: (app) => {
      for (const operation of operations) addRoutes(app, operation, authorize);
    },
  };
}

function addRoutes(app: FastifyInstance, operation: Operation, authorize: AuthorizeStorage): void {
  for (const url of operation.paths) {
    app.route({
      method: operation.method,
      url,
      handler: async (request, reply) => operation.run(callOf(operation, authorize, request, reply)),
    });
  }
}

function callOf(
  operation: Operation,
  authorize: AuthorizeStorage,
  request: FastifyRequest,
  reply: FastifyReply,
): StorageCall {
  const { bucket = '', object = '', ...path } = request.params as Record<string, string>;
  return {
    request,
    reply,
    query: readQuery(operation, request.query),
    bucket,
    object,
    path,
    body: request.body,
    authorize: (permission, onBucket = bucket || undefined, onObject) =>
      authorize({
        caller: request.caller,
        permission,
        bucket: onBucket,
        object: onObject ?? (onBucket === bucket && object ? object : undefined),
      }),
  };
}
