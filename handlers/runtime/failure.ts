import { ContractViolation, FAILURES, type FailureCode, type GcsUri } from '../../events/index.ts';

/** A stage that cannot go on, with the code that decides what becomes of the event: retry, park or refuse. */
export class StageFailure extends Error {
  override readonly name = 'StageFailure';
  readonly code: FailureCode;
  /** Where the bytes of the message are kept that could not be handled. */
  readonly keptAt: GcsUri | undefined;

  constructor(code: FailureCode, reason: string, options: ErrorOptions & { keptAt?: GcsUri } = {}) {
    super(reason, options);
    this.code = code;
    this.keptAt = options.keptAt;
  }

  get outcome(): 'retry' | 'park' | 'refuse' {
    return FAILURES[this.code].outcome;
  }

  get advice(): string {
    return FAILURES[this.code].advice;
  }
}

/** The gRPC codes by which a service says that the same call will not succeed later either. */
const PERMANENT_GRPC: Record<number, FailureCode> = {
  3: 'BATON_PRECONDITION', // INVALID_ARGUMENT
  5: 'BATON_PRECONDITION', // NOT_FOUND
  7: 'BATON_PERMISSION_DENIED',
  9: 'BATON_PRECONDITION', // FAILED_PRECONDITION
  12: 'BATON_PRECONDITION', // UNIMPLEMENTED
};
const PERMANENT_HTTP: Record<number, FailureCode> = {
  400: 'BATON_PRECONDITION',
  403: 'BATON_PERMISSION_DENIED',
  404: 'BATON_PRECONDITION',
  501: 'BATON_PRECONDITION',
};

/**
 * Decides what an error means for the event being handled. Whatever is not known to be permanent is retried:
 * the dead-letter policy bounds that, and `park` then takes over.
 */
export function toStageFailure(error: unknown): StageFailure {
  if (error instanceof StageFailure) return error;
  const reason = reasonOf(error);
  if (error instanceof ContractViolation) {
    return new StageFailure('BATON_EVENT_MALFORMED', reason, { cause: error });
  }
  const code = errorCode(error);
  // Both libraries call it `code`; HTTP statuses start where gRPC codes end.
  const permanent = code === undefined ? undefined : code < 100 ? PERMANENT_GRPC[code] : PERMANENT_HTTP[code];
  return new StageFailure(permanent ?? 'BATON_UNAVAILABLE', reason, { cause: error });
}

/**
 * The error's message. Google's gRPC services name the permission and the resource of a denied call there, and the
 * principal in the error's info, if at all.
 */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const { principal } = (error as { errorInfoMetadata?: { principal?: string } })?.errorInfoMetadata ?? {};
  return principal && !message.includes(principal) ? `${message} The principal is ${principal}.` : message;
}

/** The numeric `code` (gRPC or HTTP) that the Google clients put on their errors. */
function errorCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  const code = Number(error.code);
  return Number.isInteger(code) ? code : undefined;
}

const NOT_FOUND = [5, 404];
const ALREADY_EXISTS = [6, 409];
const CONDITION_NOT_MET = [412];
const FAILED_PRECONDITION = [9];
const ABORTED = [10];

const hasCode = (codes: number[]) => (error: unknown) => codes.includes(errorCode(error) ?? -1);
export const isNotFound = hasCode(NOT_FOUND);
export const isAlreadyExists = hasCode(ALREADY_EXISTS);
export const isConditionNotMet = hasCode(CONDITION_NOT_MET);
export const isFailedPrecondition = hasCode(FAILED_PRECONDITION);
export const isAborted = hasCode(ABORTED);

/** The value, or `undefined` where the service says NOT_FOUND; look before you create. */
export async function lookUp<Value>(found: Promise<Value>): Promise<Value | undefined> {
  try {
    return await found;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
