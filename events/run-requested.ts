import { z } from 'zod';
import { defineEvent } from './contract.ts';

export const RunRequested = defineEvent({
  name: 'run-requested',
  type: 'dev.baton.run.requested.v1',
  description:
    'A run is asked for of a drop that lies in the bucket, by a person, a schedule or a replay. `prepare` hears it on the topic `drops`, beside the notifications of files that land.',
  data: z.object({
    model: z.string(),
    bucket: z.string(),
    drop: z.string(),
    generations: z
      .object({ train: z.string(), eval: z.string() })
      .optional()
      .describe('The object generations that the run is about; those that lie there now, where not given.'),
    reason: z.string().optional(),
    occasion: z
      .string()
      .optional()
      .describe(
        "What a further run over the same files answers, such as a monitoring window; the run's id follows from this too.",
      ),
  }),
});
