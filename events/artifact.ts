import { z } from 'zod';
import { GcsUri, Sha256 } from './identifiers.ts';

/** A model's files and their digests: what is promoted is exactly these bytes. */
export const Artifact = z.object({
  uri: GcsUri.describe('The folder, ending in `/`.'),
  sha256: Sha256.describe(
    'SHA-256 over the sorted lines `<sha256>  <name>` of all files, each ended by a line feed, as `sha256sum` prints them.',
  ),
  files: z
    .array(z.object({ name: z.string(), bytes: z.number().int().nonnegative(), sha256: Sha256 }))
    .min(1),
});
export type Artifact = z.infer<typeof Artifact>;

/** The figures the evaluator must report; it may report more. */
export const Metrics = z.looseObject({
  rows: z.number().int().positive(),
  accuracy: z.number().min(0).max(1),
  auc: z.number().min(0).max(1),
  logLoss: z.number().nonnegative(),
});
export type Metrics = z.infer<typeof Metrics>;

/** One comparison of the gate, with its numbers. */
export const Comparison = z.object({
  metric: z.string(),
  value: z.number(),
  threshold: z.number(),
  passed: z.boolean(),
});
export type Comparison = z.infer<typeof Comparison>;

export const GateDecision = z.object({
  decision: z.enum(['passed', 'failed']),
  reasons: z.array(z.string()).describe('One sentence per comparison.'),
  comparisons: z.array(Comparison),
});
export type GateDecision = z.infer<typeof GateDecision>;
