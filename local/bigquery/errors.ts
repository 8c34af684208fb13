import { StatusError } from '../status.ts';

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

/** Rewords what DuckDB says of a statement as BigQuery would; a `StatusError` passes through. */
export function queryError(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
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
  if (reason === 'notFound') return new StatusError('NOT_FOUND', message, { reason });
  if (reason === 'accessDenied') return new StatusError('PERMISSION_DENIED', message, { reason });
  if (reason === 'duplicate') return new StatusError('ALREADY_EXISTS', message, { reason });
  if (reason === 'internalError') return new StatusError('INTERNAL', message, { reason });
  return new StatusError('INVALID_ARGUMENT', message, { reason });
}
