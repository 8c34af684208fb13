import { invalidArgument } from './errors.ts';

const DEFAULT_PAGE_SIZE = 1000;

/** One page of a list in the order of names. @throws INVALID_ARGUMENT for a token of another list */
export function page(
  names: Iterable<string>,
  { pageSize, pageToken }: { pageSize?: number | null; pageToken?: string | null },
): { names: string[]; nextPageToken: string } {
  const sorted = [...names].sort();
  const after = pageToken ? Buffer.from(pageToken, 'base64url').toString('utf8') : undefined;
  const start = after === undefined ? 0 : sorted.findIndex((name) => name > after);
  if (after !== undefined && !after.startsWith('projects/')) {
    throw invalidArgument(`Invalid page token given (page_token=${pageToken}).`);
  }
  if (start < 0) return { names: [], nextPageToken: '' };
  const end = start + (pageSize || DEFAULT_PAGE_SIZE);
  const nextPageToken = end < sorted.length ? Buffer.from(sorted[end - 1]).toString('base64url') : '';
  return { names: sorted.slice(start, end), nextPageToken };
}
