import { z } from 'zod';
import type { LogEntry } from '../boundaries.ts';

/** What is known of a process's log before it says anything. */
export interface ProcessLog {
  project: string;
  /** `projects/<project>/logs/<log>`, the last part percent-encoded. */
  logName: string;
  resource: LogEntry['resource'];
  labels?: Record<string, string>;
  /** The severity of a line that tells none; stderr is usually read as ERROR. */
  severity?: string;
}

const PREFIX = 'logging.googleapis.com/';

/** The fields that the logging agent lifts out of a structured line; all else stays in the payload. */
const StructuredLine = z.looseObject({
  severity: z.string().optional().catch(undefined),
  message: z.unknown(),
  time: z.iso.datetime({ offset: true }).optional().catch(undefined),
  timestamp: z.iso.datetime({ offset: true }).optional().catch(undefined),
  httpRequest: z.record(z.string(), z.unknown()).optional().catch(undefined),
  [`${PREFIX}trace`]: z.string().optional().catch(undefined),
  [`${PREFIX}spanId`]: z.string().optional().catch(undefined),
  [`${PREFIX}insertId`]: z.string().optional().catch(undefined),
  [`${PREFIX}labels`]: z.record(z.string(), z.coerce.string()).optional().catch(undefined),
});

/** The severities that a line may name, in the spellings that loggers use. */
const SEVERITIES: Record<string, string> = {
  DEFAULT: 'DEFAULT',
  DEBUG: 'DEBUG',
  INFO: 'INFO',
  NOTICE: 'NOTICE',
  WARN: 'WARNING',
  WARNING: 'WARNING',
  ERROR: 'ERROR',
  CRITICAL: 'CRITICAL',
  FATAL: 'CRITICAL',
  ALERT: 'ALERT',
  EMERGENCY: 'EMERGENCY',
};

/** A parsed line; the optional parts are there when the process wrote them. */
export type ProcessLogEntry = LogEntry & {
  spanId?: string;
  insertId?: string;
  httpRequest?: Record<string, unknown>;
};

/**
 * Reads a line that a process wrote, as the logging agents of Cloud Run and Vertex AI do: a JSON object becomes a
 * structured entry whose special fields (severity, time, trace, labels, httpRequest) are lifted out, anything else is
 * text.
 */
export function parseProcessLine(line: string, log: ProcessLog, now = new Date()): ProcessLogEntry {
  const fields = parseObject(line);
  const entry: ProcessLogEntry = {
    project: log.project,
    logName: log.logName,
    timestamp: now.toISOString(),
    severity: log.severity ?? 'DEFAULT',
    resource: log.resource,
    ...(log.labels ? { labels: log.labels } : {}),
  };
  return fields ? { ...entry, ...structured(fields, entry) } : { ...entry, textPayload: line };
}

function parseObject(line: string): z.infer<typeof StructuredLine> | undefined {
  if (!line.trimStart().startsWith('{')) return undefined;
  try {
    return StructuredLine.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

function structured(line: z.infer<typeof StructuredLine>, defaults: LogEntry): Partial<ProcessLogEntry> {
  const { severity, time, timestamp, httpRequest, ...rest } = line;
  const payload = Object.fromEntries(Object.entries(rest).filter(([field]) => !field.startsWith(PREFIX)));
  const at = timestamp ?? time;
  const special = (name: string) => line[`${PREFIX}${name}`];
  const labels = special('labels') as Record<string, string> | undefined;
  const trace = special('trace') as string | undefined;
  const spanId = special('spanId') as string | undefined;
  const insertId = special('insertId') as string | undefined;
  return {
    severity: SEVERITIES[severity?.toUpperCase() ?? ''] ?? defaults.severity,
    ...(at ? { timestamp: new Date(at).toISOString() } : {}),
    ...(labels ? { labels: { ...defaults.labels, ...labels } } : {}),
    ...(trace ? { trace } : {}),
    ...(spanId ? { spanId } : {}),
    ...(insertId ? { insertId } : {}),
    ...(httpRequest ? { httpRequest } : {}),
    // A line that says nothing but its message is a text entry.
    ...(Object.keys(payload).length === 1 && typeof payload.message === 'string'
      ? { textPayload: payload.message }
      : { jsonPayload: payload }),
  };
}
