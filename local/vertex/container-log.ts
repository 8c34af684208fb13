import type { LogEntry, LogSink } from '../boundaries.ts';

const KEPT_LINES = 20;

/**
 * Takes a container's output line by line to Cloud Logging, and keeps the last lines for error messages. A line
 * that is a JSON object becomes a structured entry, its `severity` honoured, as the logging agent does.
 */
export class ContainerLog {
  readonly #sink: LogSink;
  readonly #entry: Pick<LogEntry, 'project' | 'logName' | 'resource'>;
  readonly #last: { line: string; stream: string }[] = [];

  constructor(sink: LogSink, entry: Pick<LogEntry, 'project' | 'logName' | 'resource'>) {
    this.#sink = sink;
    this.#entry = entry;
  }

  readonly onLine = (line: string, stream: 'stdout' | 'stderr'): void => {
    this.#last.push({ line, stream });
    if (this.#last.length > KEPT_LINES) this.#last.shift();
    const record = jsonObject(line);
    const severity = typeof record?.severity === 'string' ? record.severity : defaultSeverity(stream);
    this.#sink.write({
      ...this.#entry,
      timestamp: new Date().toISOString(),
      severity,
      ...(record ? { jsonPayload: record } : { textPayload: line }),
    });
  };

  /** The last lines of stderr, or of all output where there were none. */
  tail(): string {
    const errors = this.#last.filter(({ stream }) => stream === 'stderr');
    return (errors.length > 0 ? errors : this.#last).map(({ line }) => line).join('\n');
  }
}

function defaultSeverity(stream: 'stdout' | 'stderr'): string {
  return stream === 'stderr' ? 'ERROR' : 'INFO';
}

function jsonObject(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
