import { z } from 'zod';
import {
  Artifact,
  AttemptRecord,
  Evaluation,
  GcsUri,
  gcsUri,
  layout,
  type Metrics,
  RunId,
} from '../events/index.ts';
import { championAt } from './champion.ts';
import type { Endpoint } from './endpoint-update.ts';
import { evaluationJob, readMetrics } from './evaluation-job.ts';
import { findVersionAs, uploaderOf } from './model-registry.ts';
import { findOrCreateJob } from './runtime/custom-job.ts';
import { Environment, readEnvironment } from './runtime/environment.ts';
import { StageFailure } from './runtime/failure.ts';
import { readJson } from './runtime/objects.ts';
import type { Work } from './runtime/stage.ts';
import { verifyArtifact } from './runtime/verification.ts';

const Settings = Environment.extend({
  BATON_EVALUATE_IMAGE: z.string().min(1),
  BATON_CHAMPION_MACHINE_TYPE: z.string().min(1),
  BATON_EVALUATION_SERVICE_ACCOUNT: z.string().min(1),
});

/** The model that serves, as far as it takes to evaluate it once more. */
export const ServingModel = z.object({ run: RunId, version: z.string(), artifact: Artifact });
export type ServingModel = z.infer<typeof ServingModel>;

/**
 * The model that a new one has to stand beside. Its files are where its run's record says: the Model Registry's copy of
 * them can be read by nobody else.
 *
 * @returns `undefined` where no model serves
 * @throws StageFailure `BATON_CHAMPION_UNAVAILABLE` where one does, and nothing tells what it was made of
 */
export async function findServingModel(endpoint: Endpoint, work: Work): Promise<ServingModel | undefined> {
  const { environment } = work;
  const deployed = await championAt(endpoint, environment);
  if (!deployed) return undefined;
  const version = String(deployed.modelVersionId);
  const unavailable = (why: string) =>
    new StageFailure(
      'BATON_CHAMPION_UNAVAILABLE',
      `version ${version}, which serves at ${endpoint.name}, ${why}`,
    );
  const uploader = uploaderOf(await findVersionAs(version, environment));
  if (!uploader) throw unavailable('was uploaded by no run');
  const object = layout.attemptRecord({ ...uploader, stage: 'deploy' });
  const record = await readJson(environment.BATON_BUCKET, object, AttemptRecord);
  const evaluation = Evaluation.safeParse(record?.value.input?.data).data;
  if (!evaluation) throw unavailable(`has no evaluation on record in ${object}`);
  return { run: uploader.run, version, artifact: evaluation.artifact };
}

/**
 * Begins to evaluate the champion on the very rows that the run's own model was evaluated on: its figures of its own
 * time are of other rows.
 *
 * @returns the job's name
 */
export async function evaluateChampion(
  champion: ServingModel,
  { model, snapshotDigests }: Evaluation,
  work: Work,
): Promise<string> {
  if (!snapshotDigests) {
    throw new StageFailure('BATON_PRECONDITION', 'the event names no snapshot to evaluate the champion on');
  }
  await verifyChampion(champion);
  const settings = readEnvironment(Settings);
  const evaluator = {
    image: settings.BATON_EVALUATE_IMAGE,
    machineType: settings.BATON_CHAMPION_MACHINE_TYPE,
    serviceAccount: settings.BATON_EVALUATION_SERVICE_ACCOUNT,
  };
  const task = {
    eval: snapshotDigests.eval.uri,
    model: champion.artifact.uri,
    output: outputOf(champion, work),
  };
  const { job } = await findOrCreateJob(work, {
    ...{ stage: 'approve', model },
    labels: { champion: champion.version },
    jobSpec: evaluationJob(work, 'approve', evaluator, task),
  });
  return job;
}

/** Checks that the champion's files are those that were deployed: else the figures would be of something else. */
async function verifyChampion({ version, artifact }: ServingModel): Promise<void> {
  try {
    await verifyArtifact(artifact);
  } catch (error) {
    if (!(error instanceof StageFailure) || error.code !== 'BATON_ARTIFACT_CHANGED') throw error;
    const reason = `version ${version}, which serves, can't be evaluated: ${error.message}`;
    throw new StageFailure('BATON_CHAMPION_UNAVAILABLE', reason, { cause: error });
  }
}

/** The figures of a champion's evaluation that has ended. */
export async function readChampionMetrics(champion: ServingModel, work: Work): Promise<Metrics> {
  return (await readMetrics(GcsUri.parse(`${outputOf(champion, work)}metrics.json`))).metrics;
}

/** A folder for each champion: another one may serve by the time that an attempt begins again after a crash. */
const outputOf = ({ version }: ServingModel, { run, attempt, environment }: Work) =>
  gcsUri(environment.BATON_BUCKET, `${layout.attempt(run, 'approve', attempt)}champion-${version}/`);
