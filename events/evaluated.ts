import { z } from 'zod';
import { Artifact, Commit, Image, SnapshotDigests } from './artifact.ts';
import { Champion } from './champion.ts';
import { defineEvent } from './contract.ts';
import { GateDecision } from './gate.ts';
import { GcsUri, Sha256 } from './identifiers.ts';
import { Metrics } from './metrics.ts';
import { TrainParameters } from './model-trained.ts';

export const Evaluation = z.object({
  model: z.string(),
  artifact: Artifact,
  job: z.string(),
  image: Image.describe('The evaluation container, as the job was given it.'),
  commit: Commit,
  trainImage: Image.describe('The training container, as its job was given it.'),
  trainCommit: Commit.describe('The same of the training job.'),
  trainJob: z.string().optional().describe("The training job's resource name."),
  trainParameters: TrainParameters.optional(),
  metrics: Metrics,
  metricsUri: GcsUri.optional().describe('The `metrics.json` that they are from.'),
  metricsSha256: Sha256.optional(),
  gate: GateDecision,
  samples: GcsUri.describe(
    'Predictions that the evaluator computed offline, one JSON object a line: `{ instance, prediction }`.',
  ),
  samplesSha256: Sha256.optional(),
  snapshotDigests: SnapshotDigests,
  trainTable: z.string(),
});
export type Evaluation = z.infer<typeof Evaluation>;

export const EvalPassed = defineEvent({
  name: 'eval-passed',
  type: 'dev.baton.eval.passed.v1',
  description:
    'The gate let the model through: production may take it. Published by `settle` for `evaluate`.',
  data: Evaluation,
});

export const EvalFailed = defineEvent({
  name: 'eval-failed',
  type: 'dev.baton.eval.failed.v1',
  description:
    'The model is held back; `gate.reasons` says which comparison failed by how much. Published by `settle`: in non-production for `evaluate`, whose gate looks at the model alone, and in production for `approve`, which compares it with the champion.',
  data: Evaluation.extend({
    champion: Champion.optional().describe('The one that it is worse than, where that is why.'),
  }),
});
