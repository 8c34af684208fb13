import type { LogEntry } from '../boundaries.ts';
import type { FunctionDeclaration } from './types.ts';

const FIELDS = {
  trace: 'logging.googleapis.com/trace',
  labels: 'logging.googleapis.com/labels',
  spanId: 'logging.googleapis.com/spanId',
  sourceLocation: 'logging.googleapis.com/sourceLocation',
} as const;

/**
 * The log entry that Cloud Run makes of a line that an instance writes. A line of JSON becomes a structured
 * entry whose special fields move to where Cloud Logging keeps them; if a message is all that is left, it is
 * text.
 */
export function logEntryOf(
  line: string,
  stream: 'stdout' | 'stderr',
  source: { declaration: FunctionDeclaration; revision: string; instance: string },
): LogEntry {
  const { project, region, name } = source.declaration;
  const entry: LogEntry = {
    project,
    logName: `projects/${project}/logs/run.googleapis.com%2F${stream}`,
    timestamp: new Date().toISOString(),
    severity: 'DEFAULT',
    resource: {
      type: 'cloud_run_revision',
      labels: {
        project_id: project,
        location: region,
        service_name: name,
        configuration_name: name,
        revision_name: source.revision,
      },
    },
    labels: { instanceId: source.instance },
  };
  const structured = parseObject(line);
  return structured ? { ...entry, ...readStructured(structured, entry) } : { ...entry, textPayload: line };
}

function readStructured(fields: Record<string, unknown>, entry: LogEntry): Partial<LogEntry> {
  const {
    severity,
    timestamp,
    time,
    [FIELDS.trace]: trace,
    [FIELDS.labels]: labels,
    [FIELDS.spanId]: _spanId,
    [FIELDS.sourceLocation]: _sourceLocation,
    ...payload
  } = fields;
  const isTextAlone = Object.keys(payload).length === 1 && typeof payload.message === 'string';
  return {
    ...(typeof severity === 'string' && { severity: severity.toUpperCase() }),
    ...(typeof trace === 'string' && { trace }),
    timestamp: [timestamp, time].find((value) => typeof value === 'string') ?? entry.timestamp,
    labels: { ...entry.labels, ...textValues(labels) },
    ...(isTextAlone ? { textPayload: payload.message as string } : { jsonPayload: payload }),
  };
}

function textValues(labels: unknown): Record<string, string> {
  if (labels === null || typeof labels !== 'object') return {};
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]));
}

function parseObject(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
