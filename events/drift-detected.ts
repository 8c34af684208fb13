import { z } from 'zod';
import { defineEvent } from './contract.ts';

export const DriftDetected = defineEvent({
  name: 'drift-detected',
  type: 'dev.baton.drift.detected.v1',
  description:
    "A feature of the model's input is further from where it should be than its threshold allows. Published by `alert`, in production, once for each monitoring window, deployed model, statistic and feature; the run is the one that made the deployed model.",
  data: z.object({
    model: z.string(),
    monitoringJob: z.string(),
    endpoint: z.string(),
    deployedModelId: z.string(),
    feature: z.string(),
    statistic: z
      .enum(['skew', 'drift'])
      .describe('`skew` from the training table, or `drift` from the window before.'),
    score: z
      .number()
      .describe('Jensen-Shannon divergence of a numeric feature, L-infinity distance of a categorical one.'),
    threshold: z.number(),
    window: z
      .object({ start: z.iso.datetime(), end: z.iso.datetime() })
      .describe('The predictions that were measured, from `start` to before `end`.'),
  }),
});
export type DriftDetected = z.infer<typeof DriftDetected.data>;
