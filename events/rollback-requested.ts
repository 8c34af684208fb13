import { z } from 'zod';
import { defineEvent } from './contract.ts';

const version = z.string().regex(/^\d+$/, 'expected a version number');

/** One version in place of another. */
export const VERSIONS = {
  from: version.describe('The version that is to go, as the person saw it serve.'),
  to: version.describe('The version that is to serve.'),
};

/** What `VERSIONS` have to be: not the same. */
export const ARE_TWO = [
  ({ from, to }: { from: string; to: string }) => from !== to,
  { path: ['to'] as PropertyKey[], error: 'is the version that is to go' },
] as const;

export const RollbackRequested = defineEvent({
  name: 'rollback-requested',
  type: 'dev.baton.rollback.requested.v1',
  description:
    'A person asks for another version to serve, at once. Published by `decide`, in production. The run is the one that made the version that is to go, and the attempt is its next one, so that the same request made twice is one.',
  data: z
    .object({
      model: z.string(),
      endpoint: z.string(),
      ...VERSIONS,
      actor: z.string().describe("The e-mail address of the person's identity token."),
      reason: z.string().min(1),
    })
    .refine(...ARE_TWO),
});
export type RollbackRequested = z.infer<typeof RollbackRequested.data>;
