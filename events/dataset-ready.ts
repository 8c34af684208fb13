import { z } from 'zod';
import { defineEvent } from './contract.ts';

const DroppedFile = z.object({
  object: z.string(),
  generation: z.string(),
  bytes: z.number().int().nonnegative(),
});
export type DroppedFile = z.infer<typeof DroppedFile>;

export const DatasetReady = defineEvent({
  name: 'dataset-ready',
  type: 'dev.baton.dataset.ready.v1',
  description:
    'A drop is complete and its BigQuery dataset exists: the run may ingest. Published by `prepare`.',
  data: z.object({
    model: z.string(),
    /** The bucket and the two object generations that the run is about. */
    drop: z.object({
      name: z.string(),
      bucket: z.string(),
      files: z.object({ train: DroppedFile, eval: DroppedFile }),
    }),
    dataset: z.string().describe('`project.dataset`'),
  }),
});
