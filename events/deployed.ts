import { z } from 'zod';
import { defineEvent } from './contract.ts';
import { Sha256 } from './identifiers.ts';

/** The model version serves at the endpoint. Published by `settle` for `deploy`, in production. */
export const Deployed = defineEvent({
  name: 'deployed',
  type: 'dev.baton.deployed.v1',
  data: z.object({
    /** The registered model's resource name, its version, and the digest of the artefact it was made from. */
    model: z.object({ name: z.string(), version: z.string(), sha256: Sha256 }),
    endpoint: z.string(),
    deployedModelId: z.string(),
    /** Percent of the traffic by deployed-model id. */
    trafficSplit: z.record(z.string(), z.number().int()),
    trainTable: z.string(),
  }),
});
