import { z } from 'zod';
import { defineEvent } from './contract.ts';

export const Monitored = defineEvent({
  name: 'monitored',
  type: 'dev.baton.monitored.v1',
  description: "The endpoint's monitoring job watches the new deployed model. Published by `monitor`.",
  data: z.object({
    monitoringJob: z.string(),
    endpoint: z.string(),
    deployedModelIds: z.array(z.string()).min(1),
  }),
});
