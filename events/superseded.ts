import { z } from 'zod';
import { defineEvent } from './contract.ts';
import { RunId } from './identifiers.ts';
import { Sequence } from './sequence.ts';

export const Superseded = defineEvent({
  name: 'superseded',
  type: 'dev.baton.superseded.v1',
  description:
    'A newer run of the model was deployed at the endpoint first, so this one was not. Published for `deploy`.',
  data: z.object({
    model: z.string(),
    endpoint: z.string(),
    by: z.object({ run: RunId, sequence: Sequence }).describe('The newer run and its sequence.'),
  }),
});
