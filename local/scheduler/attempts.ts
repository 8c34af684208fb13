import type { MessageBroker } from '../boundaries.ts';
import { Code, StatusError } from '../status.ts';
import type { HttpTarget, Job, PubsubTarget, RetryConfig } from './job.ts';

/** What a job's attempts need of the rest of the local cloud. */
export interface AttemptPorts {
  /** An OIDC token for the service account. Throws when it can't be had. */
  identityToken(serviceAccountEmail: string, audience: string): string | Promise<string>;
  /** Makes an HTTP request; rejects when there is no answer in time. */
  post(
    url: string,
    request: { method: string; headers: Record<string, string>; body: Buffer; timeoutMs: number },
  ): Promise<{ status: number }>;
  broker: MessageBroker;
}

/** How an attempt ended: a google.rpc.Status. */
export type AttemptStatus = NonNullable<Job['status']>;

const OK: AttemptStatus = { code: 0, message: '' };

/** Runs a job's target once. Never rejects: whatever goes wrong is the attempt's status. */
export async function attempt(job: Job, scheduledFor: Date, ports: AttemptPorts): Promise<AttemptStatus> {
  try {
    if (job.pubsubTarget) return publish(job.pubsubTarget, ports.broker);
    return await request(job, job.httpTarget!, scheduledFor, ports);
  } catch (error) {
    if (error instanceof StatusError) return { code: error.grpcCode, message: error.message };
    return { code: Code.UNAVAILABLE, message: error instanceof Error ? error.message : String(error) };
  }
}

function publish(target: PubsubTarget, broker: MessageBroker): AttemptStatus {
  const { topicName, data, attributes } = target;
  broker.publish(topicName, [{ data: Buffer.from(data, 'base64'), attributes }]);
  return OK;
}

async function request(
  job: Job,
  target: HttpTarget,
  scheduledFor: Date,
  ports: AttemptPorts,
): Promise<AttemptStatus> {
  const { oidcToken } = target;
  const token = oidcToken && (await ports.identityToken(oidcToken.serviceAccountEmail, oidcToken.audience));
  const { status } = await ports.post(target.uri, {
    method: target.httpMethod,
    headers: {
      'user-agent': 'Google-Cloud-Scheduler',
      'x-cloudscheduler': 'true',
      'x-cloudscheduler-jobname': job.name.split('/').at(-1)!,
      'x-cloudscheduler-scheduletime': scheduledFor.toISOString(),
      ...(target.body === '' ? {} : { 'content-type': 'application/octet-stream' }),
      ...Object.fromEntries(
        Object.entries(target.headers).map(([name, value]) => [name.toLowerCase(), value]),
      ),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: Buffer.from(target.body, 'base64'),
    timeoutMs: job.attemptDeadlineMs,
  });
  if (status >= 200 && status < 300) return OK;
  return { code: codeOf(status), message: `${target.httpMethod} ${target.uri} answered ${status}.` };
}

const CODES: Record<number, number> = {
  400: Code.INVALID_ARGUMENT,
  401: Code.UNAUTHENTICATED,
  403: Code.PERMISSION_DENIED,
  404: Code.NOT_FOUND,
  409: Code.ABORTED,
  429: Code.RESOURCE_EXHAUSTED,
  503: Code.UNAVAILABLE,
  504: Code.DEADLINE_EXCEEDED,
};

function codeOf(httpStatus: number): number {
  return CODES[httpStatus] ?? Code.INTERNAL;
}

/** How long to wait before the retry of that number (from 1), in milliseconds; it doubles, then grows linearly. */
export function backoffMs(retry: RetryConfig, number: number): number {
  const { minBackoffMs, maxBackoffMs, maxDoublings } = retry;
  const doublings = Math.min(number - 1, maxDoublings);
  const linear = Math.max(0, number - 1 - maxDoublings) * minBackoffMs * 2 ** maxDoublings;
  return Math.min(maxBackoffMs, minBackoffMs * 2 ** doublings + linear);
}
