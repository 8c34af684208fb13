import { z } from 'zod';
import type { RealisableCloud } from './cloud.ts';
import { type DeclaredResource, read } from './declared.ts';

/** A duration such as `1.5s`, in milliseconds. */
const Duration = z
  .string()
  .regex(/^\d+(\.\d+)?s$/, 'expected seconds, such as 600s')
  .transform((text) => Number.parseFloat(text) * 1000);

const Job = z.object({
  description: z.string().optional(),
  schedule: z.string(),
  timeZone: z.string().default('Etc/UTC'),
  attemptDeadline: z.string().optional(),
  paused: z.boolean().optional(),
  retryConfig: z
    .object({
      retryCount: z.number().optional(),
      maxRetryDuration: Duration.optional(),
      minBackoffDuration: Duration.optional(),
      maxBackoffDuration: Duration.optional(),
      maxDoublings: z.number().optional(),
    })
    .optional(),
  httpTarget: z.object({
    uri: z.string(),
    httpMethod: z.string().default('POST'),
    headers: z.record(z.string(), z.string()).optional(),
    body: z.string().optional(),
    oidcToken: z.object({ serviceAccountEmail: z.string(), audience: z.string().optional() }).optional(),
  }),
});

export function realiseJob(resource: DeclaredResource, cloud: RealisableCloud): void {
  const { retryConfig, ...job } = read(resource, Job);
  cloud.scheduler.declare({
    ...job,
    name: resource.id,
    retryConfig: retryConfig && {
      retryCount: retryConfig.retryCount,
      maxRetryDurationMs: retryConfig.maxRetryDuration,
      minBackoffMs: retryConfig.minBackoffDuration,
      maxBackoffMs: retryConfig.maxBackoffDuration,
      maxDoublings: retryConfig.maxDoublings,
    },
  });
}
