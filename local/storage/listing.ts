import { z } from 'zod';
import { StatusError } from '../status.ts';
import { globPattern } from './glob.ts';
import type { StoredObject } from './object-resource.ts';
import type { SortedNames } from './sorted-names.ts';

export interface ListingQuery {
  prefix?: string | undefined;
  delimiter?: string | undefined;
  /** Names before it are left out. */
  startOffset?: string | undefined;
  /** Names from it on are left out. */
  endOffset?: string | undefined;
  /** A pattern that whole names must have. */
  matchGlob?: string | undefined;
  maxResults: number;
  pageToken?: string | undefined;
}

export interface ListingPage {
  items: StoredObject[];
  prefixes: string[];
  nextPageToken?: string;
}

/** Where a page ended: after an object, or after all that a prefix stands for. */
const PageEnd = z.union([z.object({ object: z.string() }), z.object({ prefix: z.string() })]);
type PageEnd = z.infer<typeof PageEnd>;

/**
 * One page of a bucket's objects in name order. With a delimiter, names that have it after the prefix are answered
 * once, as prefixes, and skipped over rather than walked. Throws INVALID_ARGUMENT for a foreign page token.
 */
export function listObjects({ names, get }: ListedObjects, query: ListingQuery): ListingPage {
  const { prefix = '', delimiter, startOffset, endOffset, maxResults } = query;
  const wanted = query.matchGlob ? globPattern(query.matchGlob) : undefined;
  const page: ListingPage = { items: [], prefixes: [] };
  let at = Math.max(names.firstFrom(prefix), startOffset ? names.firstFrom(startOffset) : 0);
  if (query.pageToken) at = Math.max(at, indexAfter(names, readPageToken(query.pageToken)));
  const stop = Math.min(names.firstBeyond(prefix), endOffset ? names.firstFrom(endOffset) : names.size);
  let end: PageEnd | undefined;
  while (at < stop) {
    if (end && page.items.length + page.prefixes.length >= maxResults) {
      return { ...page, nextPageToken: writePageToken(end) };
    }
    const name = names.at(at)!;
    if (wanted && !wanted.test(name)) {
      at++;
      continue;
    }
    const common = commonPrefix(name, prefix, delimiter);
    if (common === undefined) {
      page.items.push(get(name));
      end = { object: name };
      at++;
    } else {
      page.prefixes.push(common);
      end = { prefix: common };
      at = names.firstBeyond(common);
    }
  }
  return page;
}

/** What a listing needs of a bucket's objects. */
interface ListedObjects {
  names: SortedNames;
  get(name: string): StoredObject;
}

function commonPrefix(name: string, prefix: string, delimiter: string | undefined): string | undefined {
  if (!delimiter) return undefined;
  const at = name.indexOf(delimiter, prefix.length);
  return at === -1 ? undefined : name.slice(0, at + delimiter.length);
}

function indexAfter(names: SortedNames, end: PageEnd): number {
  if ('prefix' in end) return names.firstBeyond(end.prefix);
  const at = names.firstFrom(end.object);
  return names.at(at) === end.object ? at + 1 : at;
}

function writePageToken(end: PageEnd): string {
  return Buffer.from(JSON.stringify(end)).toString('base64url');
}

function readPageToken(token: string): PageEnd {
  try {
    return PageEnd.parse(JSON.parse(Buffer.from(token, 'base64url').toString()));
  } catch {
    throw new StatusError('INVALID_ARGUMENT', `Invalid page token: ${token}`, { reason: 'invalid' });
  }
}
