import { StatusError } from '../status.ts';
import { composeObject, copyObject } from './copy.ts';
import { download } from './downloads.ts';
import { listObjects } from './listing.ts';
import { objectResource, readObjectPatch, readWritableFields, type StoredObject } from './object-resource.ts';
import {
  conditionNotMet,
  PRECONDITION_PARAMETERS,
  readPreconditions,
  SOURCE_PRECONDITION_PARAMETERS,
  unmetPrecondition,
} from './preconditions.ts';
import { type Operation, pageSize, requiredBody, type StorageCall } from './requests.ts';
import type { StorageEngine } from './storage-engine.ts';

const OBJECT = '/storage/v1/b/:bucket/o/:object';
const VERSIONED = ['generation', ...PRECONDITION_PARAMETERS];
const COPY_PARAMETERS = [
  'sourceGeneration',
  'destinationKmsKeyName',
  ...PRECONDITION_PARAMETERS,
  ...SOURCE_PRECONDITION_PARAMETERS,
];

/** The methods of `storage.objects` on objects that exist. */
export function objectOperations(engine: StorageEngine): Operation[] {
  return [
    {
      name: 'storage.objects.list',
      method: 'GET',
      paths: ['/storage/v1/b/:bucket/o'],
      query: [
        'prefix',
        'delimiter',
        'matchGlob',
        'startOffset',
        'endOffset',
        'maxResults',
        'pageToken',
        'versions',
      ],
      run: (call) => list(engine, call),
    },
    {
      name: 'storage.objects.get',
      method: 'GET',
      paths: [OBJECT, '/download/storage/v1/b/:bucket/o/:object'],
      query: VERSIONED,
      run: (call) => get(engine, call),
    },
    {
      name: 'storage.objects.patch',
      method: 'PATCH',
      paths: [OBJECT],
      query: VERSIONED,
      run: (call) => {
        call.authorize('storage.objects.update');
        const patch = readObjectPatch(requiredBody(call.body));
        return objectResource(engine.patchObject(call.bucket, call.object, patch, versionOf(call)));
      },
    },
    {
      name: 'storage.objects.update',
      method: 'PUT',
      paths: [OBJECT],
      query: VERSIONED,
      run: (call) => {
        call.authorize('storage.objects.update');
        const fields = readWritableFields(requiredBody(call.body));
        return objectResource(engine.updateObject(call.bucket, call.object, fields, versionOf(call)));
      },
    },
    {
      name: 'storage.objects.delete',
      method: 'DELETE',
      paths: [OBJECT],
      query: VERSIONED,
      run: (call) => {
        call.authorize('storage.objects.delete');
        refuseNoncurrent(engine, call);
        engine.deleteObject(call.bucket, call.object, versionOf(call));
        return call.reply.code(204).send();
      },
    },
    {
      name: 'storage.objects.rewrite',
      method: 'POST',
      paths: [`${OBJECT}/rewriteTo/b/:targetBucket/o/:targetObject`],
      query: COPY_PARAMETERS,
      run: async (call) => {
        const object = await copy(engine, call);
        return {
          kind: 'storage#rewriteResponse',
          done: true,
          objectSize: object.size,
          totalBytesRewritten: object.size,
          resource: objectResource(object),
        };
      },
    },
    {
      name: 'storage.objects.copy',
      method: 'POST',
      paths: [`${OBJECT}/copyTo/b/:targetBucket/o/:targetObject`],
      query: COPY_PARAMETERS,
      run: async (call) => objectResource(await copy(engine, call)),
    },
    {
      name: 'storage.objects.compose',
      method: 'POST',
      paths: [`${OBJECT}/compose`],
      query: ['kmsKeyName', ...PRECONDITION_PARAMETERS],
      run: async (call) => {
        call.authorize('storage.objects.get', call.bucket);
        authorizeWrite(engine, call, call.bucket, call.object);
        const target = {
          bucket: call.bucket,
          name: call.object,
          kmsKeyName: call.query.kmsKeyName,
          preconditions: readPreconditions(call.query),
        };
        return objectResource(await composeObject(engine, target, call.body));
      },
    },
  ];
}

/** Writing takes the right to create and, over an object, the right to delete it. */
export function authorizeWrite(engine: StorageEngine, call: StorageCall, bucket: string, name: string): void {
  call.authorize('storage.objects.create', bucket, name);
  const overwrites = engine.hasBucket(bucket) && engine.buckets.get(bucket).objects.find(name);
  if (overwrites) call.authorize('storage.objects.delete', bucket, name);
}

function list(engine: StorageEngine, call: StorageCall): object {
  call.authorize('storage.objects.list', call.bucket);
  const bucket = engine.buckets.get(call.bucket);
  if (call.query.versions === 'true' && bucket.resource.versioning?.enabled) {
    throw new StatusError(
      'UNIMPLEMENTED',
      `storage.objects.list: the local cloud keeps no noncurrent versions, so it can't list those of ${call.bucket}.`,
    );
  }
  const { prefix, delimiter, matchGlob, startOffset, endOffset, pageToken } = call.query;
  const page = listObjects(
    { names: bucket.objects.names, get: (name) => bucket.objects.get(name) },
    { prefix, delimiter, matchGlob, startOffset, endOffset, pageToken, maxResults: pageSize(call.query) },
  );
  return {
    kind: 'storage#objects',
    ...(page.nextPageToken ? { nextPageToken: page.nextPageToken } : {}),
    ...(page.prefixes.length > 0 ? { prefixes: page.prefixes } : {}),
    ...(page.items.length > 0 ? { items: page.items.map(objectResource) } : {}),
  };
}

function get(engine: StorageEngine, call: StorageCall): unknown {
  call.authorize('storage.objects.get');
  refuseNoncurrent(engine, call);
  const { objects } = engine.buckets.get(call.bucket);
  const object = objects.get(call.object, call.query.generation);
  const unmet = unmetPrecondition(readPreconditions(call.query), object);
  if (unmet === 'match') throw conditionNotMet();
  if (unmet === 'not-match') return call.reply.code(304).send();
  if (call.query.alt !== 'media') return objectResource(object);
  const { range, 'accept-encoding': acceptEncoding } = call.request.headers;
  const encodings = Array.isArray(acceptEncoding) ? acceptEncoding.join() : acceptEncoding;
  const content = download(object, () => engine.readable(call.bucket, call.object).open(call.object), {
    range,
    acceptEncoding: encodings,
  });
  return call.reply.code(content.status).headers(content.headers).send(content.body);
}

async function copy(engine: StorageEngine, call: StorageCall): Promise<StoredObject> {
  const bucket = call.path.targetBucket!;
  const name = call.path.targetObject!;
  call.authorize('storage.objects.get');
  authorizeWrite(engine, call, bucket, name);
  return copyObject(
    engine,
    {
      bucket: call.bucket,
      name: call.object,
      generation: call.query.sourceGeneration,
      preconditions: readPreconditions(call.query, 'source'),
    },
    {
      bucket,
      name,
      resource: call.body,
      kmsKeyName: call.query.destinationKmsKeyName,
      preconditions: readPreconditions(call.query),
    },
  );
}

function versionOf(call: StorageCall) {
  return { generation: call.query.generation, preconditions: readPreconditions(call.query) };
}

/** Under versioning an old generation exists in Cloud Storage but not here: NOT_FOUND would be a lie. */
function refuseNoncurrent(engine: StorageEngine, call: StorageCall): void {
  const { generation } = call.query;
  const { resource, objects } = engine.buckets.get(call.bucket);
  const isLive = generation === undefined || generation === objects.find(call.object)?.generation;
  if (isLive || !resource.versioning?.enabled) return;
  throw new StatusError(
    'UNIMPLEMENTED',
    `The local cloud keeps no noncurrent versions: ${call.bucket}/${call.object}#${generation} is not the live one.`,
  );
}
