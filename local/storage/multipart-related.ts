import { StatusError } from '../status.ts';

/** An upload's two parts: the object resource, and the content as it arrives. */
export interface RelatedParts {
  resource: string;
  contentType: string | undefined;
  content: AsyncIterable<Buffer>;
}

const MAX_HEAD_BYTES = 1 << 20;

/**
 * Splits a `multipart/related` upload (RFC 2387) as it streams in. The first part is JSON and is held whole; the
 * second is handed on in chunks. Throws INVALID_ARGUMENT where the body is no such thing, from `content` too.
 */
export async function readRelatedParts(
  body: AsyncIterable<Buffer>,
  contentTypeHeader: string,
): Promise<RelatedParts> {
  const boundary = boundaryOf(contentTypeHeader);
  const source = body[Symbol.asyncIterator]();
  const reader = new DelimitedReader(source);
  const opening = await reader.through(Buffer.from(`--${boundary}`));
  if (opening.toString().trim() !== '') throw malformed('it begins with something else than its boundary');
  const newline = (await reader.through(Buffer.from('\n'))).includes(13) ? '\r\n' : '\n';
  const delimiter = Buffer.from(`${newline}--${boundary}`);
  await reader.through(Buffer.from(newline + newline), newline);
  const resource = (await reader.through(delimiter)).toString();
  await reader.through(Buffer.from('\n'));
  const headers = (await reader.through(Buffer.from(newline + newline), newline)).toString();
  return {
    resource,
    contentType: /^content-type:\s*(.+?)\s*$/im.exec(headers)?.[1],
    content: reader.chunksUntil(delimiter),
  };
}

function boundaryOf(contentType: string): string {
  const match = /^multipart\/related\s*;.*\bboundary=(?:"([^"]{1,70})"|([^\s;]{1,70}))/i.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (boundary) return boundary;
  throw malformed(`its Content-Type is '${contentType}', not multipart/related with a boundary`);
}

function malformed(why: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', `Malformed multipart body: ${why}.`, { reason: 'badContent' });
}

/** Reads a stream up to byte sequences. */
class DelimitedReader {
  readonly #source: AsyncIterator<Buffer>;
  #pending: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterator<Buffer>) {
    this.#source = source;
  }

  /** What comes before the delimiter, which is consumed. `before` is taken as read ahead of it. */
  async through(delimiter: Buffer, before = ''): Promise<Buffer> {
    this.#pending = Buffer.concat([Buffer.from(before), this.#pending]);
    for (;;) {
      const at = this.#pending.indexOf(delimiter);
      if (at !== -1) return this.#take(at, delimiter.length);
      if (this.#pending.length > MAX_HEAD_BYTES) throw malformed('its headers or its metadata are too long');
      await this.#more();
    }
  }

  /** The chunks up to the delimiter. As much as the delimiter's length is held back, since it may be split. */
  async *chunksUntil(delimiter: Buffer): AsyncGenerator<Buffer> {
    for (;;) {
      const at = this.#pending.indexOf(delimiter);
      if (at !== -1) {
        yield this.#take(at, delimiter.length);
        break;
      }
      const safe = this.#pending.length - delimiter.length;
      if (safe > 0) yield this.#take(safe, 0);
      await this.#more();
    }
    for (let next = await this.#source.next(); !next.done; next = await this.#source.next());
  }

  #take(bytes: number, andSkip: number): Buffer {
    const taken = this.#pending.subarray(0, bytes);
    this.#pending = this.#pending.subarray(bytes + andSkip);
    return taken;
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#source.next();
    if (done) throw malformed('it ends before its closing boundary');
    this.#pending = this.#pending.length === 0 ? value : Buffer.concat([this.#pending, value]);
  }
}
