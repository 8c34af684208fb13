import { type CodeName, StatusError } from '../status.ts';

/** A statement that BigQuery would refuse: 400, reason `invalidQuery`. */
export function invalidQuery(message: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', message, { reason: 'invalidQuery' });
}

/** GoogleSQL that BigQuery knows and this warehouse doesn't: refused by name rather than run wrongly. */
export function unsupported(construct: string): StatusError {
  return invalidQuery(`not supported by the local BigQuery: ${construct}`);
}

/** A request or input file that BigQuery would refuse: 400, reason `invalid`. */
export function invalid(message: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', message, { reason: 'invalid' });
}

export function notFound(resource: string): StatusError {
  return new StatusError('NOT_FOUND', `Not found: ${resource}`, { reason: 'notFound' });
}

export function duplicate(resource: string): StatusError {
  return new StatusError('ALREADY_EXISTS', `Already Exists: ${resource}`, { reason: 'duplicate' });
}

const DUCKDB_KIND = /^(?:[A-Z]\w*(?: [A-Z]\w*)*) Error: /;

/** The reasons of what other services refuse, which has none of BigQuery's. */
const REASONS: Partial<Record<CodeName, string>> = {
  PERMISSION_DENIED: 'accessDenied',
  FAILED_PRECONDITION: 'failedPrecondition',
  NOT_FOUND: 'notFound',
  ALREADY_EXISTS: 'duplicate',
  INTERNAL: 'internalError',
};

/** Rewords what DuckDB says of a statement as BigQuery would; a `StatusError` passes, with a reason. */
export function queryError(error: unknown): StatusError {
  if (error instanceof StatusError) {
    const { status, message, reason = REASONS[status] ?? 'invalid' } = error;
    return new StatusError(status, message, { reason });
  }
  // DuckDB throws plain errors; a TypeError and its like are defects here, not in the statement.
  if (!(error instanceof Error) || error.constructor !== Error) {
    return new StatusError('INTERNAL', String(error), { reason: 'internalError' });
  }
  const [firstLine] = error.message.split('\n');
  const column = /Referenced column "([^"]*)" not found/.exec(firstLine);
  if (column) return invalidQuery(`Unrecognized name: ${column[1]}`);
  const syntax = /^Parser Error: syntax error at or near "([^"]*)"/.exec(firstLine);
  if (syntax) return invalidQuery(`Syntax error: Unexpected "${syntax[1]}"`);
  const overflow = /Overflow in \w+ of INT64 \((.+)\)/.exec(firstLine);
  if (overflow) return invalidQuery(`int64 overflow: ${overflow[1]}`);
  return invalidQuery(firstLine.replace(DUCKDB_KIND, ''));
}

/** The error that a request for a failed job's results answers. */
export function errorOfJob({ reason, message }: { reason: string; message: string }): StatusError {
  const status = (Object.keys(REASONS) as CodeName[]).find((code) => REASONS[code] === reason);
  return new StatusError(status ?? 'INVALID_ARGUMENT', message, { reason });
}
