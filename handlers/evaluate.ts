import { z } from 'zod';
import {
  EvalFailed,
  EvalPassed,
  GatePolicy,
  GcsUri,
  gcsUri,
  layout,
  Metrics,
  ModelTrained,
} from '../events/index.ts';
import { decideGate } from './gate.ts';
import { readDigested } from './runtime/artifact.ts';
import {
  containerArguments,
  findOrCreateJob,
  hasSucceeded,
  StartedJob,
  withEndedJob,
} from './runtime/custom-job.ts';
import { Environment, json, readEnvironment } from './runtime/environment.ts';
import { StageFailure } from './runtime/failure.ts';
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
      jobSpec: {
        workerPoolSpecs: [
          {
            replicaCount: 1,
            machineSpec: { machineType: settings.BATON_TRAIN_MACHINE_TYPE },
            containerSpec: {
              imageUri: settings.BATON_EVALUATE_IMAGE,
              args: containerArguments({
                eval: event.data.snapshot.eval,
                model: event.data.artifact.uri,
                output: attemptFolder(work),
                marker: gcsUri(settings.BATON_BUCKET, layout.marker(work.run, 'evaluate', work.attempt)),
                ...(slices && { slices: slices.columns.join(',') }),
              }),
              env: [{ name: 'BATON_RUN', value: work.run }],
            },
          },
        ],
        serviceAccount: settings.BATON_TRAINING_SERVICE_ACCOUNT,
      },
    });
    return pending([started.job], started);
  },

  ready: withEndedJob,

  async settle({ event, state, resources, signalled }, work) {
    if (!signalled && !(await hasSucceeded(state.job))) return pending(resources, state);
    const [metricsUri, samplesUri] = [metricsOf(work), samplesOf(work)];
    const [report, samples] = await Promise.all([metricsUri, samplesUri].map(readResult));
    const metrics = parseMetrics(report.text, metricsUri);
    const gate = decideGate(metrics, readEnvironment(Settings).BATON_GATE);
    const { model, artifact, image, commit, snapshotDigests, trainTable } = event.data;
    return completed(gate.decision === 'passed' ? EvalPassed : EvalFailed, {
      ...{ model, artifact, snapshotDigests, trainTable, trainImage: image, trainCommit: commit },
      ...state,
      ...{ metrics, metricsUri, metricsSha256: report.sha256 },
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

async function readResult(uri: GcsUri) {
  const found = await readDigested(uri);
  if (found) return found;
  throw new StageFailure('BATON_ARTIFACT_INCOMPLETE', `the job succeeded and did not write ${uri}`);
}

function parseMetrics(text: string, uri: string): Metrics {
  const parsed = Metrics.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  throw new StageFailure(
    'BATON_ARTIFACT_INCOMPLETE',
    `${uri} does not report what the gate needs: ${z.prettifyError(parsed.error)}`,
  );
}

/** A text as JSON; `undefined` where it is something else. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
