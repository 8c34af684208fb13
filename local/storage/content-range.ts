import { StatusError } from '../status.ts';

/** What a resumable upload's Content-Range says of its request. */
export interface ContentRange {
  /** The offset of the body's first byte; undefined in a query for the upload's status. */
  start: number | undefined;
  /** The offset after the body's last byte, where it is told. */
  end: number | undefined;
  /** The object's whole size, where it is known. */
  total: number | undefined;
  /** Whether the upload is over when this body is: `0-*` forms send all that is left. */
  sendsRest: boolean;
}

/** Reads `bytes 0-524287/2000000` and its open forms. Throws INVALID_ARGUMENT. */
export function parseContentRange(header: string | undefined): ContentRange {
  if (header === undefined) return { start: 0, end: undefined, total: undefined, sendsRest: true };
  // An empty last chunk is written `0--1/0`.
  const match = /^bytes (?:(\*)|(\d+)-(\*|-1|\d+))\/(\*|\d+)$/.exec(header.trim());
  if (!match) {
    throw new StatusError('INVALID_ARGUMENT', `Failed to parse Content-Range header: ${header}`, {
      reason: 'badRequest',
    });
  }
  const [, query, from, to, whole] = match;
  const total = whole === '*' ? undefined : Number(whole);
  if (query) return { start: undefined, end: undefined, total, sendsRest: false };
  if (to === '*') return { start: Number(from), end: undefined, total, sendsRest: true };
  return { start: Number(from), end: Number(to) + 1, total, sendsRest: false };
}
