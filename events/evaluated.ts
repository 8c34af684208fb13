import { z } from 'zod';
import { Artifact, GateDecision, Metrics } from './artifact.ts';
import { defineEvent } from './contract.ts';
import { GcsUri } from './identifiers.ts';

const Evaluation = z.object({
  model: z.string(),
  artifact: Artifact,
  job: z.string(),
  metrics: Metrics,
  gate: GateDecision,
  samples: GcsUri.describe(
    'Predictions that the evaluator computed offline, one JSON object a line: `{ instance, prediction }`.',
  ),
  trainTable: z.string(),
});
export type Evaluation = z.infer<typeof Evaluation>;

export const EvalPassed = defineEvent({
  name: 'eval-passed',
  type: 'dev.baton.eval.passed.v1',
  description:
    'The gate let the model through: production may deploy it. Published by `settle` for `evaluate`.',
  data: Evaluation,
});

export const EvalFailed = defineEvent({
  name: 'eval-failed',
  type: 'dev.baton.eval.failed.v1',
  description: 'The gate held the model back; `gate.reasons` says which comparison failed by how much.',
  data: Evaluation,
});
