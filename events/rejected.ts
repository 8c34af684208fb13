import { z } from 'zod';
import { defineEvent } from './contract.ts';
import { Sha256 } from './identifiers.ts';

export const Rejected = defineEvent({
  name: 'rejected',
  type: 'dev.baton.rejected.v1',
  description:
    'The model is not promoted, since somebody decided so or nobody decided in time. Published by `settle` for `approve`, in production.',
  data: z.object({
    model: z.string(),
    by: z.string().describe('The e-mail address of who decided, or `expiry`.'),
    reason: z.string(),
    digest: Sha256.describe('Of what was rejected: the `approvalDigest` of the evaluation.'),
    at: z.iso.datetime(),
  }),
});
export type Rejected = z.infer<typeof Rejected.data>;
