import { StatusError } from '../status.ts';

/** An HTTP request that a job makes. */
export interface HttpTarget {
  uri: string;
  httpMethod: string;
  headers: Record<string, string>;
  /** base64 */
  body: string;
  oidcToken?: { serviceAccountEmail: string; audience: string };
}

/** A message that a job publishes. */
export interface PubsubTarget {
  /** `projects/<project>/topics/<topic>` */
  topicName: string;
  /** base64 */
  data: string;
  attributes: Record<string, string>;
}

export interface RetryConfig {
  retryCount: number;
  /** 0 sets no limit. */
  maxRetryDurationMs: number;
  minBackoffMs: number;
  maxBackoffMs: number;
  maxDoublings: number;
}

/** What a job does and when, as its owner says. */
export interface JobSpec {
  /** `projects/<project>/locations/<location>/jobs/<job>` */
  name: string;
  description: string;
  schedule: string;
  timeZone: string;
  httpTarget?: HttpTarget;
  pubsubTarget?: PubsubTarget;
  retryConfig: RetryConfig;
  /** How long an attempt may take, in milliseconds of the real clock. */
  attemptDeadlineMs: number;
}

/** A job as it is kept; instants are milliseconds since 1970 by the real clock. */
export interface Job extends JobSpec {
  state: 'ENABLED' | 'PAUSED';
  userUpdateTime: number;
  /** When the job runs next; absent while it is paused. */
  scheduleTime?: number;
  lastAttemptTime?: number;
  /** How the last attempt ended: a google.rpc.Status; code 0 is OK. */
  status?: { code: number; message: string };
}

/** A job as a program declares it: Cloud Scheduler's defaults stand for what is left out. */
export type JobDeclaration = Pick<JobSpec, 'name' | 'schedule'> & {
  description?: string;
  timeZone?: string;
  httpTarget?: Partial<HttpTarget> & { uri: string };
  pubsubTarget?: Partial<PubsubTarget> & { topicName: string };
  retryConfig?: Partial<RetryConfig>;
  attemptDeadlineMs?: number;
  paused?: boolean;
};

const METHODS = ['POST', 'GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'];

/** The declaration with Cloud Scheduler's defaults. Throws INVALID_ARGUMENT for a name or target it doesn't allow. */
export function jobSpec(declared: JobDeclaration): JobSpec {
  const { name, schedule, httpTarget, pubsubTarget } = declared;
  if (!/^projects\/[^/]+\/locations\/[^/]+\/jobs\/[A-Za-z0-9_-]{1,500}$/.test(name)) {
    throw invalid(
      `Job name must be formatted: "projects/<project>/locations/<location>/jobs/<job>", not "${name}".`,
    );
  }
  if (Boolean(httpTarget) === Boolean(pubsubTarget)) {
    throw invalid(`Job ${name} must have one target: an HTTP target or a Pub/Sub target.`);
  }
  const attemptDeadlineMs = declared.attemptDeadlineMs ?? 180_000;
  if (httpTarget && (attemptDeadlineMs < 15_000 || attemptDeadlineMs > 1_800_000)) {
    throw invalid(`Job ${name}: attempt_deadline must be between 15 s and 30 min.`);
  }
  return {
    name,
    schedule,
    description: declared.description ?? '',
    timeZone: declared.timeZone || 'Etc/UTC',
    ...(httpTarget ? { httpTarget: fullHttpTarget(name, httpTarget) } : {}),
    ...(pubsubTarget ? { pubsubTarget: fullPubsubTarget(name, pubsubTarget) } : {}),
    retryConfig: fullRetryConfig(declared.retryConfig ?? {}),
    attemptDeadlineMs,
  };
}

function fullHttpTarget(name: string, target: NonNullable<JobDeclaration['httpTarget']>): HttpTarget {
  if (!/^https?:\/\/[^/]/.test(target.uri)) {
    throw invalid(`Job ${name}: HttpTarget.uri must be an http:// or https:// address, not "${target.uri}".`);
  }
  const httpMethod = target.httpMethod || 'POST';
  if (!METHODS.includes(httpMethod)) throw invalid(`Job ${name}: there is no HTTP method ${httpMethod}.`);
  const body = target.body ?? '';
  if (body !== '' && !['POST', 'PUT', 'PATCH'].includes(httpMethod)) {
    throw invalid(`Job ${name}: a ${httpMethod} request can't have a body.`);
  }
  const { oidcToken } = target;
  return {
    uri: target.uri,
    httpMethod,
    headers: target.headers ?? {},
    body,
    // The audience is the target's own address unless it is told.
    ...(oidcToken ? { oidcToken: { ...oidcToken, audience: oidcToken.audience || target.uri } } : {}),
  };
}

function fullPubsubTarget(name: string, target: NonNullable<JobDeclaration['pubsubTarget']>): PubsubTarget {
  const { topicName, data = '', attributes = {} } = target;
  if (!/^projects\/[^/]+\/topics\/[^/]+$/.test(topicName)) {
    throw invalid(
      `Job ${name}: PubsubTarget.topic_name must be projects/<project>/topics/<topic>, not "${topicName}".`,
    );
  }
  if (data === '' && Object.keys(attributes).length === 0) {
    throw invalid(`Job ${name}: a Pub/Sub message must have data or at least one attribute.`);
  }
  return { topicName, data, attributes };
}

function fullRetryConfig(given: Partial<RetryConfig>): RetryConfig {
  const { retryCount = 0 } = given;
  if (retryCount < 0 || retryCount > 5) throw invalid('RetryConfig.retry_count must be between 0 and 5.');
  return {
    retryCount,
    maxRetryDurationMs: given.maxRetryDurationMs || 0,
    minBackoffMs: given.minBackoffMs || 5000,
    maxBackoffMs: given.maxBackoffMs || 3_600_000,
    maxDoublings: given.maxDoublings || 5,
  };
}

function invalid(message: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', message);
}
