import { StatusError } from '../status.ts';
import type { HttpTarget, Job, JobDeclaration, PubsubTarget, RetryConfig } from './job.ts';

interface DurationMessage {
  seconds?: { toString(): string } | number | string | null;
  nanos?: number | null;
}

/** `google.cloud.scheduler.v1.Job` as callers send it. */
export interface JobMessage {
  name?: string;
  description?: string;
  schedule?: string;
  timeZone?: string;
  httpTarget?: {
    uri: string;
    httpMethod: number;
    headers: Record<string, string>;
    body: Uint8Array;
    oidcToken?: { serviceAccountEmail: string; audience: string } | null;
    oauthToken?: object | null;
  } | null;
  pubsubTarget?: { topicName: string; data: Uint8Array; attributes: Record<string, string> } | null;
  appEngineHttpTarget?: object | null;
  retryConfig?: {
    retryCount: number;
    maxRetryDuration?: DurationMessage | null;
    minBackoffDuration?: DurationMessage | null;
    maxBackoffDuration?: DurationMessage | null;
    maxDoublings: number;
  } | null;
  attemptDeadline?: DurationMessage | null;
}

/** HttpMethod and Job.State by their numbers in the proto. */
const HTTP_METHODS = ['', 'POST', 'GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'];
const STATES = { ENABLED: 1, PAUSED: 2 } as const;

/** What a caller's message declares. Throws UNIMPLEMENTED for the targets and tokens that aren't served. */
export function fromJobMessage(message: JobMessage): JobDeclaration {
  if (message.appEngineHttpTarget) throw unimplemented('app_engine_http_target');
  const { httpTarget, pubsubTarget, retryConfig, attemptDeadline } = message;
  return {
    name: message.name ?? '',
    schedule: message.schedule ?? '',
    description: message.description ?? '',
    timeZone: message.timeZone ?? '',
    ...(httpTarget ? { httpTarget: fromHttpTarget(httpTarget) } : {}),
    ...(pubsubTarget ? { pubsubTarget: fromPubsubTarget(pubsubTarget) } : {}),
    ...(retryConfig ? { retryConfig: fromRetryConfig(retryConfig) } : {}),
    ...(attemptDeadline ? { attemptDeadlineMs: fromDuration(attemptDeadline) } : {}),
  };
}

function fromHttpTarget(target: NonNullable<JobMessage['httpTarget']>): HttpTarget {
  if (target.oauthToken) throw unimplemented('http_target.oauth_token');
  const { oidcToken } = target;
  return {
    uri: target.uri,
    httpMethod: HTTP_METHODS[target.httpMethod] ?? '',
    headers: { ...target.headers },
    body: Buffer.from(target.body).toString('base64'),
    ...(oidcToken
      ? { oidcToken: { serviceAccountEmail: oidcToken.serviceAccountEmail, audience: oidcToken.audience } }
      : {}),
  };
}

function fromPubsubTarget(target: NonNullable<JobMessage['pubsubTarget']>): PubsubTarget {
  return {
    topicName: target.topicName,
    data: Buffer.from(target.data).toString('base64'),
    attributes: { ...target.attributes },
  };
}

function fromRetryConfig(message: NonNullable<JobMessage['retryConfig']>): RetryConfig {
  return {
    retryCount: message.retryCount,
    maxRetryDurationMs: fromDuration(message.maxRetryDuration),
    minBackoffMs: fromDuration(message.minBackoffDuration),
    maxBackoffMs: fromDuration(message.maxBackoffDuration),
    maxDoublings: message.maxDoublings,
  };
}

/** The job as `google.cloud.scheduler.v1.Job`. */
export function jobMessage(job: Job): object {
  const { httpTarget, pubsubTarget, retryConfig } = job;
  return {
    name: job.name,
    description: job.description,
    schedule: job.schedule,
    timeZone: job.timeZone,
    state: STATES[job.state],
    userUpdateTime: toSeconds(job.userUpdateTime),
    ...(job.scheduleTime === undefined ? {} : { scheduleTime: toSeconds(job.scheduleTime) }),
    ...(job.lastAttemptTime === undefined ? {} : { lastAttemptTime: toSeconds(job.lastAttemptTime) }),
    ...(job.status === undefined ? {} : { status: job.status }),
    ...(httpTarget
      ? {
          httpTarget: {
            ...httpTarget,
            httpMethod: HTTP_METHODS.indexOf(httpTarget.httpMethod),
            body: Buffer.from(httpTarget.body, 'base64'),
          },
        }
      : {}),
    ...(pubsubTarget
      ? { pubsubTarget: { ...pubsubTarget, data: Buffer.from(pubsubTarget.data, 'base64') } }
      : {}),
    retryConfig: {
      retryCount: retryConfig.retryCount,
      maxRetryDuration: toSeconds(retryConfig.maxRetryDurationMs),
      minBackoffDuration: toSeconds(retryConfig.minBackoffMs),
      maxBackoffDuration: toSeconds(retryConfig.maxBackoffMs),
      maxDoublings: retryConfig.maxDoublings,
    },
    ...(httpTarget ? { attemptDeadline: toSeconds(job.attemptDeadlineMs) } : {}),
  };
}

function fromDuration(duration: DurationMessage | null | undefined): number {
  return Number(String(duration?.seconds ?? 0)) * 1000 + Math.round((duration?.nanos ?? 0) / 1e6);
}

/** Milliseconds as a Duration, or as a Timestamp when they count from 1970. */
function toSeconds(milliseconds: number): { seconds: number; nanos: number } {
  const whole = Math.round(milliseconds);
  const seconds = Math.floor(whole / 1000);
  return { seconds, nanos: (whole - seconds * 1000) * 1e6 };
}

function unimplemented(field: string): StatusError {
  return new StatusError('UNIMPLEMENTED', `Job.${field} is not implemented by the local cloud.`);
}
