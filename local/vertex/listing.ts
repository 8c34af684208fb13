import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import { StatusError } from '../status.ts';
import { type FilterFunctions, matcher } from './filter.ts';
import { camelCase, epochMs } from './values.ts';

/** What all list requests have in common. */
export interface ListQuery {
  filter?: string | null;
  pageSize?: number | null;
  pageToken?: string | null;
  orderBy?: string | null;
  readMask?: google.protobuf.IFieldMask | null;
}

const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 1000;

/**
 * One page of a collection: filtered, ordered (newest first unless the query says otherwise), cut to the read
 * mask. A page token is the offset of the next page. Throws INVALID_ARGUMENT for what it can't read.
 */
export function listPage<T extends { name?: string | null }>(
  resources: T[],
  query: ListQuery,
  functions: FilterFunctions = {},
): { page: T[]; nextPageToken: string } {
  const matches = matcher(query.filter ?? '', functions);
  const ordered = resources
    .filter((resource) => matches(resource))
    .sort(comparator(query.orderBy || 'create_time desc'));
  const offset = offsetOf(query.pageToken);
  const end = offset + Math.min(query.pageSize || DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE);
  const page = ordered.slice(offset, end).map((resource) => readOnly(resource, query.readMask));
  return { page, nextPageToken: end < ordered.length ? String(end) : '' };
}

function offsetOf(pageToken: string | null | undefined): number {
  if (pageToken && !/^\d+$/.test(pageToken)) {
    throw new StatusError('INVALID_ARGUMENT', `Invalid page_token "${pageToken}".`);
  }
  return Number(pageToken || 0);
}

function comparator(orderBy: string): (left: object, right: object) => number {
  const keys = orderBy.split(',').map((part) => {
    const match = /^\s*([a-zA-Z_]+)(?:\s+(asc|desc))?\s*$/.exec(part);
    const field = camelCase(match?.[1] ?? '');
    if (!match || !['displayName', 'createTime', 'updateTime'].includes(field)) {
      throw new StatusError(
        'INVALID_ARGUMENT',
        `Invalid order_by "${orderBy}": display_name, create_time and update_time can be ordered by.`,
      );
    }
    return { field, sign: match[2] === 'desc' ? -1 : 1 };
  });
  return (left, right) => {
    for (const { field, sign } of keys) {
      const [a, b] = [sortKey(left, field), sortKey(right, field)];
      if (a !== b) return a < b ? -sign : sign;
    }
    return 0;
  };
}

function sortKey(resource: object, field: string): string | number {
  const value: unknown = Reflect.get(resource, field);
  return field === 'displayName' ? String(value ?? '') : epochMs(value as google.protobuf.ITimestamp);
}

function readOnly<T extends { name?: string | null }>(
  resource: T,
  mask: google.protobuf.IFieldMask | null | undefined,
): T {
  const paths = (mask?.paths ?? []).map((path) => camelCase(path.split('.')[0]));
  if (paths.length === 0 || paths.includes('*')) return resource;
  const kept = Object.entries(resource).filter(([field]) => field === 'name' || paths.includes(field));
  return Object.fromEntries(kept) as T;
}
