import { closeSync, createReadStream, readSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { StatusError } from '../status.ts';
import type { StoredObject } from './object-resource.ts';

/** So much content is read at once: a stream has it read by other threads, in steps that cost more than the reading. */
const READ_AT_ONCE = 64 * 1024;

/** Content as a response carries it. */
export interface Download {
  status: 200 | 206;
  headers: Record<string, string>;
  body: Readable | Buffer;
}

/** The bytes of a resource that a Range header asks for; both ends inclusive. */
interface ByteRange {
  start: number;
  end: number;
}

/**
 * A response for the content behind the descriptor, which the body closes. Content stored as gzip is decompressed
 * for readers who don't accept gzip, as Cloud Storage does. Throws OUT_OF_RANGE (416) for a range beyond the end.
 */
export function download(
  object: StoredObject,
  openContent: () => number,
  request: { range?: string | undefined; acceptEncoding?: string | undefined },
): Download {
  if (isTranscoded(object, request.acceptEncoding)) {
    const compressed = createReadStream('', { fd: openContent() });
    const body = createGunzip();
    compressed.on('error', (error) => body.destroy(error));
    body.on('close', () => compressed.destroy());
    return { status: 200, headers: contentHeaders(object), body: compressed.pipe(body) };
  }
  const size = Number(object.size);
  const range = request.range === undefined ? undefined : parseRange(request.range, size);
  const { start, end } = range ?? { start: 0, end: size - 1 };
  const headers: Record<string, string> = {
    ...contentHeaders(object),
    'accept-ranges': 'bytes',
    'content-length': String(end - start + 1),
    ...(object.contentEncoding ? { 'content-encoding': object.contentEncoding } : {}),
    ...(range ? { 'content-range': `bytes ${start}-${end}/${size}` } : {}),
  };
  return { status: range ? 206 : 200, headers, body: read(openContent(), { start, end }) };
}

function read(descriptor: number, { start, end }: ByteRange): Readable | Buffer {
  const length = end - start + 1;
  if (length > READ_AT_ONCE) return createReadStream('', { fd: descriptor, start, end });
  const bytes = Buffer.alloc(length);
  try {
    readSync(descriptor, bytes, { position: start });
  } finally {
    closeSync(descriptor);
  }
  return bytes;
}

function isTranscoded(object: StoredObject, acceptEncoding = ''): boolean {
  const mayTransform = !/\bno-transform\b/.test(object.cacheControl ?? '');
  return object.contentEncoding === 'gzip' && mayTransform && !/\bgzip\b|\*/.test(acceptEncoding);
}

function contentHeaders(object: StoredObject): Record<string, string> {
  const hashes = [`crc32c=${object.crc32c}`, ...(object.md5Hash ? [`md5=${object.md5Hash}`] : [])];
  const optional = {
    'cache-control': object.cacheControl ?? 'no-cache, no-store, max-age=0, must-revalidate',
    'content-disposition': object.contentDisposition,
    'content-language': object.contentLanguage,
  };
  return {
    'content-type': object.contentType,
    'x-goog-hash': hashes.join(','),
    'x-goog-generation': object.generation,
    'x-goog-metageneration': object.metageneration,
    'x-goog-storage-class': object.storageClass,
    'x-goog-stored-content-length': object.size,
    'x-goog-stored-content-encoding': object.contentEncoding ?? 'identity',
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  };
}

/** Undefined for a header that asks for no single byte range: the answer is then the whole content. */
function parseRange(header: string, size: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header.trim());
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const [from, to] = [match[1]!, match[2]!];
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (from !== '' && to !== '' && Number(to) < start) return undefined;
  if (start >= size || (from === '' && Number(to) === 0)) {
    throw new StatusError(
      'OUT_OF_RANGE',
      `The requested range cannot be satisfied: ${header} of ${size} bytes.`,
      {
        httpStatus: 416,
        reason: 'requestedRangeNotSatisfiable',
      },
    );
  }
  return { start, end };
}
