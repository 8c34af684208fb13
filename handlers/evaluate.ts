import { z } from 'zod';
import {
  EvalFailed,
  EvalPassed,
  GatePolicy,
  GcsUri,
  gcsUri,
  json,
  layout,
  ModelTrained,
} from '../events/index.ts';
import { evaluationJob, readMetrics, readResult } from './evaluation-job.ts';
import { decideGate } from './gate.ts';
import { findOrCreateJob, hasSucceeded, StartedJob, withEndedJob } from './runtime/custom-job.ts';
import { Environment, readEnvironment } from './runtime/environment.ts';
import { serveStage } from './runtime/serve.ts';
import { completed, defineStage, pending, type Work } from './runtime/stage.ts';

const Settings = Environment.extend({
  BATON_EVALUATE_IMAGE: z.string().min(1),
  BATON_TRAIN_MACHINE_TYPE: z.string().min(1),
  BATON_TRAINING_SERVICE_ACCOUNT: z.string().min(1),
  BATON_GATE: json(GatePolicy),
});

/** Evaluates the model on the run's snapshot with a Vertex AI custom job, and lets the gate decide. */
export const evaluate = defineStage({
  name: 'evaluate',
  input: ModelTrained,
  state: StartedJob,

  async start(event, work) {
    const settings = readEnvironment(Settings);
    const { slices } = settings.BATON_GATE;
    const started = await findOrCreateJob(work, {
      stage: 'evaluate',
      model: event.data.model,
      jobSpec: evaluationJob(
        work,
        'evaluate',
        {
          image: settings.BATON_EVALUATE_IMAGE,
          machineType: settings.BATON_TRAIN_MACHINE_TYPE,
          serviceAccount: settings.BATON_TRAINING_SERVICE_ACCOUNT,
        },
        {
          eval: event.data.snapshot.eval,
          model: event.data.artifact.uri,
          output: attemptFolder(work),
          ...(slices && { slices: slices.columns.join(',') }),
        },
      ),
    });
    return pending([started.job], started);
  },

  ready: withEndedJob,

  async settle({ event, state, resources, signalled }, work) {
    if (!signalled && !(await hasSucceeded(state.job))) return pending(resources, state);
    const [metricsUri, samplesUri] = [metricsOf(work), samplesOf(work)];
    const [{ metrics, sha256: metricsSha256 }, samples] = await Promise.all([
      readMetrics(metricsUri),
      readResult(samplesUri),
    ]);
    const gate = decideGate(metrics, readEnvironment(Settings).BATON_GATE);
    const { model, artifact, image, commit, job, parameters, snapshotDigests, trainTable } = event.data;
    return completed(gate.decision === 'passed' ? EvalPassed : EvalFailed, {
      ...{ model, artifact, snapshotDigests, trainTable },
      ...{ trainImage: image, trainCommit: commit, trainJob: job, trainParameters: parameters },
      ...state,
      ...{ metrics, metricsUri, metricsSha256 },
      ...{ samples: samplesUri, samplesSha256: samples.sha256 },
      gate,
    });
  },
});

export const handle = serveStage(evaluate);

const attemptFolder = (work: Work) =>
  gcsUri(work.environment.BATON_BUCKET, layout.attempt(work.run, 'evaluate', work.attempt));

const metricsOf = (work: Work) => GcsUri.parse(`${attemptFolder(work)}metrics.json`);
const samplesOf = (work: Work) => GcsUri.parse(`${attemptFolder(work)}samples.jsonl`);
