import { z } from 'zod';
import { defineEvent } from './contract.ts';

/** Percent of an endpoint's traffic. */
export const TrafficSplit = z
  .record(z.string(), z.number().int())
  .describe('Percent of the traffic by deployed-model id.');

export const Promoted = defineEvent({
  name: 'promoted',
  type: 'dev.baton.promoted.v1',
  description:
    'The version has the whole of the traffic and is the champion; what served before is undeployed. Published by `settle` for `rollout`, in production.',
  data: z.object({
    model: z
      .object({ name: z.string(), version: z.string() })
      .describe("The registered model's resource name and the version, to which the alias was moved."),
    alias: z.literal('champion').describe('The alias that was moved.'),
    previous: z.string().optional().describe('The version that was champion before; none for the first one.'),
    endpoint: z.string(),
    deployedModelId: z.string(),
    trafficSplit: TrafficSplit,
  }),
});
export type Promoted = z.infer<typeof Promoted.data>;
