import { z } from 'zod';
import { defineEvent } from './contract.ts';
import { TrafficSplit } from './promoted.ts';

export const RolledBack = defineEvent({
  name: 'rolled-back',
  type: 'dev.baton.rolled-back.v1',
  description:
    'Another version has the whole of the traffic again and is the champion. Published for `rollout`, whose abort rule was met, and for `rollback`, which a person asked for, in production.',
  data: z.object({
    model: z.string().describe("The registered model's resource name."),
    from: z.string().describe('The version that serves no more; the run is the one that made it.'),
    to: z.string().describe('The version that serves.'),
    endpoint: z.string(),
    deployedModelId: z.string().describe('Of the version that serves.'),
    trafficSplit: TrafficSplit,
    cause: z.enum(['request', 'abort']),
    actor: z.string().describe("Who asked for it; `rollout` where the plan's abort rule did."),
    reason: z.string(),
  }),
});
export type RolledBack = z.infer<typeof RolledBack.data>;
