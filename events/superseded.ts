import { z } from 'zod';
import { defineEvent } from './contract.ts';
import { RunId } from './identifiers.ts';
import { Sequence } from './sequence.ts';

export const Superseded = defineEvent({
  name: 'superseded',
  type: 'dev.baton.superseded.v1',
  description:
    'Something came first at the endpoint: a newer run that was deployed, a rollback of this run, or, for a rollback, what took the version away before. Published for `deploy`, `rollout` and `rollback`.',
  data: z.object({
    model: z.string(),
    endpoint: z.string(),
    by: z
      .object({
        run: RunId,
        sequence: Sequence,
        stage: z.enum(['rollout', 'rollback']).optional().describe('Where it was a stage of this very run.'),
      })
      .describe('The run that came first, and its sequence.'),
  }),
});
