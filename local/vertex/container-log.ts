import type { LogSink } from '../boundaries.ts';
import { type ProcessLog, parseProcessLine } from '../processes/output-line.ts';

const KEPT_LINES = 20;

/** Takes a container's output line by line to Cloud Logging, and keeps the last lines for error messages. */
export class ContainerLog {
  readonly #sink: LogSink;
  readonly #log: ProcessLog;
  readonly #last: { line: string; stream: string }[] = [];

  constructor(sink: LogSink, log: ProcessLog) {
    this.#sink = sink;
    this.#log = log;
  }

  readonly onLine = (line: string, stream: 'stdout' | 'stderr'): void => {
    this.#last.push({ line, stream });
    if (this.#last.length > KEPT_LINES) this.#last.shift();
    const severity = stream === 'stderr' ? 'ERROR' : 'INFO';
    this.#sink.write(parseProcessLine(line, { ...this.#log, severity }));
  };

  /** The last lines of stderr, or of all output where there were none. */
  tail(): string {
    const errors = this.#last.filter(({ stream }) => stream === 'stderr');
    return (errors.length > 0 ? errors : this.#last).map(({ line }) => line).join('\n');
  }
}
