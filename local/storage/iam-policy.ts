import { createHash } from 'node:crypto';
import { z } from 'zod';
import { StatusError } from '../status.ts';

const IamPolicy = z.object({
  version: z.number().int().min(1).max(3).default(1),
  bindings: z
    .array(
      z.object({
        role: z.string().regex(/^(roles|projects|organizations)\//),
        members: z.array(z.string().min(1)),
        condition: z
          .object({ title: z.string(), description: z.string().optional(), expression: z.string() })
          .optional(),
      }),
    )
    .default([]),
});
export type IamPolicy = z.infer<typeof IamPolicy>;

/** The policy as the JSON API answers it, with the etag that a later write must carry back. */
export function policyResource(bucket: string, policy: IamPolicy): Record<string, unknown> {
  return {
    kind: 'storage#policy',
    resourceId: `projects/_/buckets/${bucket}`,
    ...policy,
    etag: policyEtag(policy),
  };
}

/** Reads a policy that is to replace `current`. Throws INVALID_ARGUMENT, or a 412 for a stale etag. */
export function readPolicy(body: unknown, current: IamPolicy): IamPolicy {
  const parsed = IamPolicy.extend({ etag: z.string().optional() }).safeParse(body);
  if (!parsed.success) {
    throw new StatusError('INVALID_ARGUMENT', `Invalid IAM policy: ${z.prettifyError(parsed.error)}`, {
      reason: 'invalid',
    });
  }
  const { etag, ...policy } = parsed.data;
  if (etag !== undefined && etag !== policyEtag(current)) {
    throw new StatusError(
      'ABORTED',
      'There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.',
      { httpStatus: 412, reason: 'conditionNotMet' },
    );
  }
  return policy;
}

function policyEtag(policy: IamPolicy): string {
  return createHash('sha256').update(JSON.stringify(policy)).digest('base64').slice(0, 12);
}
