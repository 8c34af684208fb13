import { z } from 'zod';
import { gcsUri, IngestDone, json, layout, ModelTrained } from '../events/index.ts';
import { digestArtifact } from './runtime/artifact.ts';
import {
  containerArguments,
  findOrCreateJob,
  hasSucceeded,
  StartedJob,
  withEndedJob,
} from './runtime/custom-job.ts';
import { Environment, readEnvironment } from './runtime/environment.ts';
import { serveStage } from './runtime/serve.ts';
import { completed, defineStage, pending, type Work } from './runtime/stage.ts';

const Settings = Environment.extend({
  BATON_TRAIN_IMAGE: z.string().min(1),
  BATON_TRAIN_PARAMETERS: json(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))),
  BATON_TRAIN_MACHINE_TYPE: z.string().min(1),
  BATON_TRAIN_REPLICAS: z.coerce.number().int().min(1),
  BATON_TRAINING_SERVICE_ACCOUNT: z.string().min(1),
});

/** Trains on the run's snapshot with a Vertex AI custom job, and digests what it wrote. */
export const train = defineStage({
  name: 'train',
  input: IngestDone,
  state: StartedJob,

  async start(event, work) {
    const settings = readEnvironment(Settings);
    const container = {
      imageUri: settings.BATON_TRAIN_IMAGE,
      args: containerArguments({
        train: event.data.snapshot.train,
        marker: gcsUri(settings.BATON_BUCKET, layout.marker(work.run, 'train', work.attempt)),
        ...settings.BATON_TRAIN_PARAMETERS,
      }),
      env: [{ name: 'BATON_RUN', value: work.run }],
    };
    const pool = (replicaCount: number) => ({
      replicaCount,
      machineSpec: { machineType: settings.BATON_TRAIN_MACHINE_TYPE },
      containerSpec: container,
    });
    const workers = settings.BATON_TRAIN_REPLICAS - 1;
    const started = await findOrCreateJob(work, {
      stage: 'train',
      model: event.data.model,
      jobSpec: {
        workerPoolSpecs: workers > 0 ? [pool(1), pool(workers)] : [pool(1)],
        serviceAccount: settings.BATON_TRAINING_SERVICE_ACCOUNT,
        baseOutputDirectory: { outputUriPrefix: attemptFolder(work) },
      },
    });
    return pending([started.job], started);
  },

  ready: withEndedJob,

  async settle({ event, state, resources, signalled }, work) {
    if (!signalled && !(await hasSucceeded(state.job))) return pending(resources, state);
    return completed(ModelTrained, {
      model: event.data.model,
      artifact: await digestArtifact(`${attemptFolder(work)}model/`),
      ...state,
      parameters: readEnvironment(Settings).BATON_TRAIN_PARAMETERS,
      snapshot: event.data.snapshot,
      snapshotDigests: event.data.snapshotDigests,
      trainTable: event.data.tables.train,
    });
  },
});

export const handle = serveStage(train);

const attemptFolder = (work: Work) =>
  gcsUri(work.environment.BATON_BUCKET, layout.attempt(work.run, 'train', work.attempt));
