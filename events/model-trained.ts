import { z } from 'zod';
import { Artifact } from './artifact.ts';
import { defineEvent } from './contract.ts';
import { GcsUri } from './identifiers.ts';

export const ModelTrained = defineEvent({
  name: 'model-trained',
  type: 'dev.baton.model.trained.v1',
  description: 'The training job succeeded and its artefact is digested. Published by `settle` for `train`.',
  data: z.object({
    model: z.string(),
    artifact: Artifact,
    job: z.string().describe("The custom job's resource name."),
    parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    snapshot: z.object({ train: GcsUri, eval: GcsUri }),
    trainTable: z.string().describe('`project.dataset.table` of the training table: the skew baseline.'),
  }),
});
