import type { FastifyReply, FastifyRequest } from 'fastify';
import { StatusError } from '../status.ts';

/** Google's JSON error body. */
export interface ErrorBody {
  error: {
    code: number;
    message: string;
    status: string;
    errors: { domain: string; reason: string; message: string }[];
  };
}

/** The reasons that Google's APIs give where the error names none of its own. */
const REASONS: Record<number, string> = {
  400: 'invalid',
  401: 'authError',
  403: 'forbidden',
  404: 'notFound',
  409: 'conflict',
  412: 'conditionNotMet',
  416: 'requestedRangeNotSatisfiable',
  429: 'rateLimitExceeded',
  501: 'notImplemented',
  503: 'backendError',
};

/** The body that tells of an error; for routes that answer errors by hand, as batch and upload routes do. */
export function errorBody(error: StatusError): ErrorBody {
  const reason = error.reason ?? REASONS[error.httpStatus] ?? 'internalError';
  return {
    error: {
      code: error.httpStatus,
      message: error.message,
      status: error.status,
      errors: [{ domain: 'global', reason, message: error.message }],
    },
  };
}

/**
 * Answers any thrown error as Google's APIs do. `onFault` hears of those that are no `StatusError`, unless the caller
 * hung up before all of the request had come: nobody waits for an answer then.
 */
export function errorHandler(onFault: (subject: string, error: unknown) => void) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    if (request.raw.destroyed && !request.raw.complete) return void reply.hijack();
    const status = asStatusError(error, `${request.method} ${request.url}`, onFault);
    if (status.status === 'UNAUTHENTICATED')
      reply.header('www-authenticate', 'Bearer realm="https://accounts.google.com/"');
    reply.code(status.httpStatus).type('application/json; charset=UTF-8').send(errorBody(status));
  };
}

function asStatusError(
  error: unknown,
  subject: string,
  onFault: (subject: string, error: unknown) => void,
): StatusError {
  if (error instanceof StatusError) return error;
  if (isRefusedByFramework(error)) {
    return new StatusError('INVALID_ARGUMENT', error.message, { httpStatus: error.statusCode });
  }
  onFault(subject, error);
  return new StatusError('INTERNAL', error instanceof Error ? error.message : String(error));
}

/** Fastify's own refusals, as of a malformed URL, carry a client error's status. */
function isRefusedByFramework(error: unknown): error is Error & { statusCode: number } {
  return (
    error instanceof Error &&
    'statusCode' in error &&
    typeof error.statusCode === 'number' &&
    error.statusCode >= 400 &&
    error.statusCode < 500
  );
}
