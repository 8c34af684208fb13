import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { StatusError } from '../status.ts';
import { parseContentRange } from './content-range.ts';
import { readRelatedParts } from './multipart-related.ts';
import { authorizeWrite } from './object-operations.ts';
import { type NewObject, objectResource, readNewObject } from './object-resource.ts';
import { PRECONDITION_PARAMETERS, readPreconditions, requirePreconditions } from './preconditions.ts';
import type { Operation, StorageCall } from './requests.ts';
import type { ResumableUploads, UploadProgress } from './resumable-uploads.ts';
import type { Insertion, StorageEngine } from './storage-engine.ts';

const UPLOAD = ['/upload/storage/v1/b/:bucket/o', '/resumable/upload/storage/v1/b/:bucket/o'];

/** The ways to upload: `storage.objects.insert` as media, multipart and resumable. */
export function uploadOperations(engine: StorageEngine, uploads: ResumableUploads): Operation[] {
  return [
    {
      name: 'storage.objects.insert',
      method: 'POST',
      paths: UPLOAD,
      query: ['uploadType', 'name', 'contentEncoding', 'kmsKeyName', ...PRECONDITION_PARAMETERS],
      run: (call) => {
        if (call.query.uploadType === 'multipart') return insertMultipart(engine, call);
        if (call.query.uploadType === 'resumable') return beginResumable(engine, uploads, call);
        return insertMedia(engine, call);
      },
    },
    {
      name: 'storage.objects.insert',
      method: 'PUT',
      paths: UPLOAD,
      query: ['uploadType', 'upload_id', 'name', 'kmsKeyName', ...PRECONDITION_PARAMETERS],
      run: async (call) => {
        const range = parseContentRange(header(call, 'content-range'));
        const progress = await uploads.receive(uploadId(call), range, bodyOf(call), headerChecksums(call));
        return answerProgress(call, progress);
      },
    },
    {
      name: 'storage.objects.insert',
      method: 'DELETE',
      paths: UPLOAD,
      query: ['uploadType', 'upload_id', 'name'],
      run: async (call) => {
        await uploads.cancel(uploadId(call));
        // Cloud Storage's own status for a cancelled upload.
        return call.reply.code(499).send();
      },
    },
  ];
}

async function insertMedia(engine: StorageEngine, call: StorageCall): Promise<object> {
  const contentType = header(call, 'content-type');
  const insertion = insertionOf(call, contentType === undefined ? {} : { contentType });
  return insert(engine, call, insertion, bodyOf(call));
}

async function insertMultipart(engine: StorageEngine, call: StorageCall): Promise<object> {
  const parts = await readRelatedParts(bodyOf(call), header(call, 'content-type') ?? '');
  const resource = readNewObject(parseResource(parts.resource));
  const contentType = resource.contentType ?? parts.contentType;
  const insertion = insertionOf(call, { ...resource, ...(contentType === undefined ? {} : { contentType }) });
  return insert(engine, call, insertion, parts.content);
}

async function insert(
  engine: StorageEngine,
  call: StorageCall,
  insertion: Insertion,
  content: AsyncIterable<Buffer>,
): Promise<object> {
  authorizeWrite(engine, call, call.bucket, insertion.name);
  engine.buckets.get(call.bucket);
  return objectResource(engine.insert(call.bucket, insertion, await engine.staging.receive(content)));
}

async function beginResumable(
  engine: StorageEngine,
  uploads: ResumableUploads,
  call: StorageCall,
): Promise<unknown> {
  const resource = readNewObject(parseResource(await text(bodyOf(call))));
  const contentType = resource.contentType ?? header(call, 'x-upload-content-type');
  const insertion = insertionOf(call, { ...resource, ...(contentType === undefined ? {} : { contentType }) });
  authorizeWrite(engine, call, call.bucket, insertion.name);
  // Conditions are checked again when the upload ends; a lost cause needn't send its bytes first.
  requirePreconditions(insertion.preconditions, engine.buckets.get(call.bucket).objects.find(insertion.name));
  const announced = header(call, 'x-upload-content-length');
  const announcedSize = announced === undefined ? undefined : Number(announced);
  const id = uploads.begin({ ...insertion, bucket: call.bucket, announcedSize });
  const location = `https://${call.request.host}${UPLOAD[0]!.replace(':bucket', call.bucket)}`;
  return call.reply
    .code(200)
    .headers({
      location: `${location}?uploadType=resumable&upload_id=${id}`,
      'x-guploader-uploadid': id,
      'content-length': '0',
    })
    .send();
}

function answerProgress(call: StorageCall, progress: UploadProgress): unknown {
  if ('object' in progress) return objectResource(progress.object);
  if (progress.received > 0) call.reply.header('range', `bytes=0-${progress.received - 1}`);
  return call.reply.code(308).header('content-length', '0').send();
}

function insertionOf(call: StorageCall, resource: NewObject): Insertion {
  const { contentEncoding, kmsKeyName } = call.query;
  return {
    name: call.query.name ?? resource.name ?? '',
    resource: {
      ...resource,
      ...headerChecksums(call),
      ...(contentEncoding === undefined ? {} : { contentEncoding }),
      ...(kmsKeyName === undefined ? {} : { kmsKeyName }),
    },
    preconditions: readPreconditions(call.query),
  };
}

/** The checksums that `X-Goog-Hash: crc32c=…,md5=…` and `Content-MD5` ask the content to have. */
function headerChecksums(call: StorageCall): { crc32c?: string; md5Hash?: string } {
  const hashes = header(call, 'x-goog-hash') ?? '';
  const crc32c = /(?:^|,)\s*crc32c=([^,\s]+)/.exec(hashes)?.[1];
  const md5Hash = /(?:^|,)\s*md5=([^,\s]+)/.exec(hashes)?.[1] ?? header(call, 'content-md5');
  return { ...(crc32c ? { crc32c } : {}), ...(md5Hash ? { md5Hash } : {}) };
}

function parseResource(json: string): unknown {
  if (json.trim() === '') return {};
  try {
    return JSON.parse(json);
  } catch {
    throw new StatusError('INVALID_ARGUMENT', 'The upload gives an object resource that is not JSON.', {
      reason: 'parseError',
    });
  }
}

function uploadId(call: StorageCall): string {
  const { upload_id: id } = call.query;
  if (id !== undefined) return id;
  throw new StatusError('INVALID_ARGUMENT', 'Required parameter: upload_id', { reason: 'required' });
}

async function* bodyOf(call: StorageCall): AsyncGenerator<Buffer> {
  const body = call.body as Readable | null | undefined;
  if (body) yield* body;
}

function header(call: StorageCall, name: string): string | undefined {
  const value = call.request.headers[name];
  return Array.isArray(value) ? value.join() : value;
}
