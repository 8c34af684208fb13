/**
 * Structured logging: one JSON line on stdout, in the fields that Cloud Logging understands. A client library
 * would cost each cold start more than the handler's own work.
 */
export type Severity = 'DEBUG' | 'INFO' | 'NOTICE' | 'WARNING' | 'ERROR';

export interface LogContext {
  project: string;
  run?: string;
  stage?: string;
  attempt?: number;
  traceparent?: string;
}

export interface Logger {
  (severity: Severity, message: string, fields?: Record<string, unknown>): void;
  /** A logger that says more about where it stands. */
  with(context: Partial<LogContext>): Logger;
}

export function createLogger(context: LogContext): Logger {
  const { project, traceparent, ...standing } = context;
  const [, trace, span] = traceparent?.split('-') ?? [];
  const logger = (severity: Severity, message: string, fields: Record<string, unknown> = {}) => {
    const line = {
      severity,
      message,
      time: new Date().toISOString(),
      ...standing,
      ...(trace && {
        'logging.googleapis.com/trace': `projects/${project}/traces/${trace}`,
        'logging.googleapis.com/spanId': span,
      }),
      ...fields,
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  };
  return Object.assign(logger, {
    with: (more: Partial<LogContext>) => createLogger({ ...context, ...more }),
  });
}
