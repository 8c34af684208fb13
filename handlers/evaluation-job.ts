import { z } from 'zod';
import { type GcsUri, gcsUri, layout, Metrics, type Sha256, type StageName } from '../events/index.ts';
import { readDigested } from './runtime/artifact.ts';
import { type CustomJobRequest, containerArguments } from './runtime/custom-job.ts';
import { StageFailure } from './runtime/failure.ts';
import type { Work } from './runtime/stage.ts';

/** What an evaluation job runs on and as. */
export interface Evaluator {
  image: string;
  machineType: string;
  serviceAccount: string;
}

/** What the evaluation container is told: where the rows and the model are, and where its figures go. */
interface Task {
  eval: GcsUri;
  model: GcsUri;
  /** The folder, ending in `/`, that gets `metrics.json` and `samples.jsonl`. */
  output: GcsUri;
  /** Columns whose values are measured one by one. */
  slices?: string;
}

/** The job of a stage's attempt that evaluates a model on a snapshot, and writes the attempt's marker last. */
export function evaluationJob(
  work: Work,
  stage: StageName,
  { image, machineType, serviceAccount }: Evaluator,
  task: Task,
): CustomJobRequest['jobSpec'] {
  const marker = gcsUri(work.environment.BATON_BUCKET, layout.marker(work.run, stage, work.attempt));
  return {
    workerPoolSpecs: [
      {
        replicaCount: 1,
        machineSpec: { machineType },
        containerSpec: {
          imageUri: image,
          args: containerArguments({ ...task, marker }),
          env: [{ name: 'BATON_RUN', value: work.run }],
        },
      },
    ],
    serviceAccount,
  };
}

/** What the evaluator reported, and the digest of the file that it did so in. */
export async function readMetrics(uri: GcsUri): Promise<{ metrics: Metrics; sha256: Sha256 }> {
  const { text, sha256 } = await readResult(uri);
  const parsed = Metrics.safeParse(jsonOf(text));
  if (parsed.success) return { metrics: parsed.data, sha256 };
  throw new StageFailure(
    'BATON_ARTIFACT_INCOMPLETE',
    `${uri} does not report what the gate needs: ${z.prettifyError(parsed.error)}`,
  );
}

/** A file that a job that succeeded has written, with its digest. */
export async function readResult(uri: GcsUri): Promise<{ text: string; sha256: Sha256 }> {
  const found = await readDigested(uri);
  if (found) return found;
  throw new StageFailure('BATON_ARTIFACT_INCOMPLETE', `the job succeeded and did not write ${uri}`);
}

/** A text as JSON; `undefined` where it is something else. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
