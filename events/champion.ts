import { z } from 'zod';
import { Comparison } from './gate.ts';
import { RunId } from './identifiers.ts';
import { Metrics } from './metrics.ts';

/** The model that served when a run came to production, evaluated there on the rows of that run. */
export const Champion = z.object({
  run: RunId.describe('The run that made it.'),
  version: z.string(),
  metrics: Metrics,
  comparisons: z.array(Comparison),
});
export type Champion = z.infer<typeof Champion>;

/**
 * By how much a model may be worse than the champion, by metric, as a stack's config says it; none for no comparison.
 * Of `logLoss` less is better, of every other metric more.
 */
export const ChampionMargin = z.record(z.string(), z.number().nonnegative());
export type ChampionMargin = z.infer<typeof ChampionMargin>;
