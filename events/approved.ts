import { z } from 'zod';
import { Champion } from './champion.ts';
import { defineEvent } from './contract.ts';
import { Evaluation } from './evaluated.ts';
import { Sha256 } from './identifiers.ts';

/** What a person said to a promotion. */
export const Approval = z.object({
  by: z.string().describe('The e-mail address that the identity token of the call was for.'),
  at: z.iso.datetime(),
  reason: z.string(),
  digest: Sha256.describe('Of what was approved: the `approvalDigest` of the evaluation.'),
  expiresAt: z.iso.datetime().describe('Until when it could be decided.'),
});
export type Approval = z.infer<typeof Approval>;

export const Approved = defineEvent({
  name: 'approved',
  type: 'dev.baton.approved.v1',
  description:
    'Production takes the model: its bytes are those that were evaluated, it is not worse than the champion, and somebody approved it where the stack asks for that. Published by `approve`, or by `settle` for it.',
  data: Evaluation.extend({
    champion: Champion.optional().describe('Absent where none served, or none is compared with.'),
    approval: Approval.optional().describe('Absent where the stack asks for none.'),
  }),
});
export type Approved = z.infer<typeof Approved.data>;
