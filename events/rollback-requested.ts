import { z } from 'zod';
import { defineEvent } from './contract.ts';

const version = z.string().regex(/^\d+$/, 'expected a version number');

export const RollbackRequested = defineEvent({
  name: 'rollback-requested',
  type: 'dev.baton.rollback.requested.v1',
  description:
    'A person asks for another version to serve, at once. The run is the one that made the version that is to go, and the attempt is its next one, so that the same request made twice is one.',
  data: z
    .object({
      model: z.string(),
      endpoint: z.string(),
      from: version.describe('The version that is to go, as the person saw it serve.'),
      to: version.describe('The version that is to serve.'),
      actor: z.string(),
      reason: z.string().min(1),
    })
    .refine(({ from, to }) => from !== to, { path: ['to'], error: 'is the version that is to go' }),
});
export type RollbackRequested = z.infer<typeof RollbackRequested.data>;
