import { z } from 'zod';
import type { GrpcModule } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import { entryMessage, type LogEntryMessage, readEntry } from './entry-messages.ts';
import { compileFilter } from './filter.ts';
import type { LogPosition, LogStore } from './log-store.ts';

interface WriteLogEntriesRequest {
  logName: string;
  resource?: LogEntryMessage['resource'];
  labels: Record<string, string>;
  entries: LogEntryMessage[];
  dryRun: boolean;
}

interface ListLogEntriesRequest {
  resourceNames: string[];
  filter: string;
  orderBy: string;
  pageSize: number;
  pageToken: string;
}

interface ListLogsRequest {
  parent: string;
  resourceNames: string[];
  pageSize: number;
  pageToken: string;
}

const SERVICE = 'google.logging.v2.LoggingServiceV2';
const MAX_PAGE = 1000;

/** Cloud Logging over gRPC: entries are written, listed by filter, and their logs named. */
export function loggingGrpc(store: LogStore): GrpcModule {
  return {
    protos: '@google-cloud/logging-api',
    files: ['google/logging/v2/logging.proto'],
    services: [SERVICE],
    // A write request gives both once for all its entries.
    mayBeMissing: ['google.logging.v2.LogEntry.log_name', 'google.logging.v2.LogEntry.resource'],
    unary: {
      [`${SERVICE}/WriteLogEntries`]: (request: WriteLogEntriesRequest) => writeLogEntries(store, request),
      [`${SERVICE}/ListLogEntries`]: (request: ListLogEntriesRequest) => listLogEntries(store, request),
      [`${SERVICE}/ListLogs`]: (request: ListLogsRequest) => listLogs(store, request),
    },
  };
}

function writeLogEntries(store: LogStore, request: WriteLogEntriesRequest): object {
  const now = new Date().toISOString();
  const { logName, resource, labels } = request;
  // All are read before any is kept: a bad entry fails the whole call.
  const entries = request.entries.map((entry) => readEntry(entry, { logName, resource, labels }, now));
  if (!request.dryRun) for (const entry of entries) store.write(entry);
  return {};
}

function listLogEntries(store: LogStore, request: ListLogEntriesRequest): object {
  const projects = projectsOf(request.resourceNames);
  const passes = compileFilter(request.filter);
  const pageSize = Math.min(request.pageSize || 50, MAX_PAGE);
  const after = request.pageToken ? readPosition(request.pageToken) : undefined;
  const entries: object[] = [];
  let last: LogPosition | undefined;
  for (const indexed of store.entries({ newestFirst: isNewestFirst(request.orderBy), after })) {
    if (!projects.includes(indexed.entry.project) || !passes(indexed.entry)) continue;
    if (entries.length === pageSize) return { entries, nextPageToken: writePosition(last!) };
    entries.push(entryMessage(indexed.entry));
    last = indexed;
  }
  return { entries };
}

function listLogs(store: LogStore, request: ListLogsRequest): object {
  const projects = projectsOf([request.parent, ...request.resourceNames]);
  const names = new Set<string>();
  for (const { entry } of store.entries()) if (projects.includes(entry.project)) names.add(entry.logName);
  const sorted = [...names].sort().filter((name) => name > request.pageToken);
  const logNames = sorted.slice(0, request.pageSize || MAX_PAGE);
  return { logNames, nextPageToken: sorted.length > logNames.length ? logNames.at(-1) : '' };
}

function projectsOf(resourceNames: string[]): string[] {
  return resourceNames.map((name) => {
    const project = /^projects\/([^/]+)$/.exec(name)?.[1];
    if (project) return project;
    throw new StatusError(
      'UNIMPLEMENTED',
      `The local cloud lists the logs of projects/<project> only, not of ${JSON.stringify(name)}.`,
    );
  });
}

function isNewestFirst(orderBy: string): boolean {
  const order = orderBy.trim() || 'timestamp asc';
  if (order === 'timestamp desc') return true;
  if (order === 'timestamp asc' || order === 'timestamp') return false;
  throw new StatusError('INVALID_ARGUMENT', `Invalid order_by: ${orderBy}`);
}

const Position = z.tuple([z.string(), z.number()]);

function writePosition({ timestamp, sequence }: LogPosition): string {
  return Buffer.from(JSON.stringify([timestamp, sequence])).toString('base64url');
}

function readPosition(token: string): LogPosition {
  try {
    const [timestamp, sequence] = Position.parse(JSON.parse(Buffer.from(token, 'base64url').toString()));
    return { timestamp, sequence };
  } catch {
    throw new StatusError('INVALID_ARGUMENT', `Invalid page_token: ${token}`);
  }
}
