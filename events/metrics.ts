import { z } from 'zod';

/** The figures of the rows that have one value in one column; an evaluator may report more. */
export const Slice = z.looseObject({
  column: z.string(),
  value: z.string(),
  rows: z.number().int().positive(),
  accuracy: z.number().min(0).max(1),
  auc: z.number().min(0).max(1).nullable().describe('Null where all rows have the same label.'),
  logLoss: z.number().nonnegative(),
});
export type Slice = z.infer<typeof Slice>;

/** The figures the evaluator must report; it may report more. */
export const Metrics = z.looseObject({
  rows: z.number().int().positive(),
  accuracy: z.number().min(0).max(1),
  auc: z.number().min(0).max(1),
  logLoss: z.number().nonnegative(),
  slices: z.array(Slice).optional(),
});
export type Metrics = z.infer<typeof Metrics>;
