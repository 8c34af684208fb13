import { z } from 'zod';
import { Artifact } from './artifact.ts';
import { defineEvent } from './contract.ts';
import { GcsUri } from './identifiers.ts';

/** The training job succeeded and its artefact is digested. Published by `settle` for `train`. */
export const ModelTrained = defineEvent({
  name: 'model-trained',
  type: 'dev.baton.model.trained.v1',
  data: z.object({
    model: z.string(),
    artifact: Artifact,
    /** The custom job's resource name. */
    job: z.string(),
    parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    snapshot: z.object({ train: GcsUri, eval: GcsUri }),
    /** `project.dataset.table` of the training table: the skew baseline. */
    trainTable: z.string(),
  }),
});
