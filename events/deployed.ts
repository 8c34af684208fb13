import { z } from 'zod';
import { Approved } from './approved.ts';
import { defineEvent } from './contract.ts';
import { Sha256 } from './identifiers.ts';
import { TrafficSplit } from './promoted.ts';

export const Deployed = defineEvent({
  name: 'deployed',
  type: 'dev.baton.deployed.v1',
  description:
    "The model version serves at the endpoint, with its rollout's first share beside the champion. Published by `settle` for `deploy`, in production.",
  data: z.object({
    model: z
      .object({ name: z.string(), version: z.string(), sha256: Sha256 })
      .describe(
        "The registered model's resource name, its version, and the digest of the artefact it was made from.",
      ),
    endpoint: z.string(),
    deployedModelId: z.string(),
    trafficSplit: TrafficSplit,
    trainTable: z.string(),
    approved: Approved.data
      .optional()
      .describe('What `approved` said of the model. Events of before it was kept have none.'),
  }),
});
