import { z } from 'zod';

/** How much of a metric is enough: at least so much, or at most where less is better. */
const Bound = z
  .number()
  .transform((atLeast) => ({ atLeast }))
  .or(z.strictObject({ atLeast: z.number() }))
  .or(z.strictObject({ atMost: z.number() }));
export type Bound = z.output<typeof Bound>;

/**
 * What lets a model through, as a stack's config says it. Accuracy alone is no gate: a model that ranks almost at
 * random can still pass 0.80 where three rows of four have the same label.
 */
export const GatePolicy = z.strictObject({
  /** By the names of the evaluator's `metrics.json`. A plain number is the least value. */
  metrics: z.record(z.string(), Bound),
  /** The rows that an evaluation needs for its figures to say anything. */
  minRows: z.number().int().nonnegative().default(0),
  /** How far apart a metric of a column's values may be. */
  slices: z
    .strictObject({
      columns: z.array(z.string().regex(/^\w+$/, 'expected the name of a column')).min(1),
      metric: z.string(),
      maxGap: z.number().positive(),
      /** Values with fewer rows are reported, and not compared. */
      minRows: z.number().int().positive(),
    })
    .optional(),
});
export type GatePolicy = z.output<typeof GatePolicy>;

/** One comparison, with its numbers. */
export const Comparison = z.object({
  kind: z
    .enum(['threshold', 'rows', 'slice-gap', 'champion'])
    .default('threshold')
    .describe(
      'A metric with its threshold; the evaluated rows with the least; the largest difference of a metric between the values of a column with the gap allowed; or the model with the champion.',
    ),
  metric: z.string(),
  value: z.number().nullable().describe('Null where the evaluator did not report it.'),
  threshold: z.number().describe('What the value has to reach, or to stay within.'),
  bound: z
    .enum(['at-least', 'at-most'])
    .default('at-least')
    .describe('On which side of it the value has to be.'),
  passed: z.boolean(),
  slice: z
    .object({
      column: z.string(),
      lowest: z.string().describe('The value of the column whose metric is lowest.'),
      highest: z.string(),
    })
    .optional()
    .describe('Whose metrics a `slice-gap` is between.'),
  champion: z.number().optional().describe("The champion's metric, on the same rows."),
  margin: z.number().optional().describe('By how much the model may be worse than the champion.'),
});
export type Comparison = z.infer<typeof Comparison>;

export const GateDecision = z.object({
  decision: z.enum(['passed', 'failed']),
  reasons: z.array(z.string()).describe('One sentence per comparison.'),
  comparisons: z.array(Comparison),
});
export type GateDecision = z.infer<typeof GateDecision>;
