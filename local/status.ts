/** The canonical codes of google.rpc.Code that the local cloud answers. */
export const Code = {
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;
export type CodeName = keyof typeof Code;

const HTTP_STATUS: Record<CodeName, number> = {
  INVALID_ARGUMENT: 400,
  DEADLINE_EXCEEDED: 504,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  PERMISSION_DENIED: 403,
  RESOURCE_EXHAUSTED: 429,
  FAILED_PRECONDITION: 400,
  ABORTED: 409,
  OUT_OF_RANGE: 400,
  UNIMPLEMENTED: 501,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  UNAUTHENTICATED: 401,
};

/** google.rpc.ErrorInfo: the cause in a form that clients can act on. */
export interface ErrorInfo {
  reason: string;
  domain: string;
  metadata: Record<string, string>;
}

/** An answer other than OK, from any local service; the gRPC and REST surfaces each translate it. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly status: CodeName;
  /** Overrides the HTTP status that the code implies, as Cloud Storage's 412 does. */
  readonly httpStatus: number;
  /** The REST error's `reason`, e.g. `conditionNotMet`. */
  readonly reason: string | undefined;
  readonly errorInfo: ErrorInfo | undefined;

  constructor(
    status: CodeName,
    message: string,
    rest: { httpStatus?: number; reason?: string; errorInfo?: ErrorInfo } = {},
  ) {
    super(message);
    this.status = status;
    this.httpStatus = rest.httpStatus ?? HTTP_STATUS[status];
    this.reason = rest.reason;
    this.errorInfo = rest.errorInfo;
  }

  get grpcCode(): number {
    return Code[this.status];
  }
}
