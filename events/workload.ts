import { z } from 'zod';

/** `workload.json`: what the handlers must know of a workload to move its data. Paths are relative to the file. */
export const Workload = z.looseObject({
  name: z.string(),
  /** The data set's columns, in the order of the CSV files. */
  columns: z.array(z.object({ name: z.string(), type: z.string() })).min(2),
  label: z.object({ column: z.string(), positive: z.string(), negative: z.string() }),
  transform: z.object({ source: z.string(), function: z.string(), schema: z.string() }),
  /** The staging columns in which the transform marks a row that it could not read. */
  rejectColumns: z.object({ reason: z.string(), raw: z.string() }),
});
export type Workload = z.infer<typeof Workload>;
