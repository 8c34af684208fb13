import { z } from 'zod';
import { Artifact, Commit, Image, perTable, SnapshotDigests } from './artifact.ts';
import { defineEvent } from './contract.ts';
import { GcsUri } from './identifiers.ts';

/** What the training container is given beside its folders. */
export const TrainParameters = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

export const ModelTrained = defineEvent({
  name: 'model-trained',
  type: 'dev.baton.model.trained.v1',
  description: 'The training job succeeded and its artefact is digested. Published by `settle` for `train`.',
  data: z.object({
    model: z.string(),
    artifact: Artifact,
    job: z.string().describe("The custom job's resource name."),
    image: Image.describe('The training container, as the job was given it.'),
    commit: Commit,
    parameters: TrainParameters,
    snapshot: perTable(GcsUri),
    snapshotDigests: SnapshotDigests,
    trainTable: z.string().describe('`project.dataset.table` of the training table: the skew baseline.'),
  }),
});
