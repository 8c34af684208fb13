import { z } from 'zod';
import { Decision } from './approval.ts';
import { RunId, Sha256 } from './identifiers.ts';
import { ARE_TWO, VERSIONS } from './rollback-requested.ts';

const asked = {
  run: RunId,
  attempt: z.number().int().min(1),
  reason: z.string().trim().min(1).max(1000),
};

/** What a person asks the function `decide` for, by kind. What they saw when they asked is part of it. */
export const DecisionRequest = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('approval'),
    ...asked,
    decision: Decision.shape.decision,
    digest: Sha256.describe('Of what the person saw: another one is refused.'),
  }),
  z.strictObject({ kind: z.literal('rollback'), ...asked, ...VERSIONS }).refine(...ARE_TWO),
]);
export type DecisionRequest = z.infer<typeof DecisionRequest>;
