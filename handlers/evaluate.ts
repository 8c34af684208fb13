import { z } from 'zod';
import { EvalFailed, EvalPassed, gcsUri, layout, Metrics, ModelTrained } from '../events/index.ts';
import { decideGate, GateThresholds } from './gate.ts';
import { containerArguments, findOrCreateJob, hasSucceeded, withEndedJob } from './runtime/custom-job.ts';
import { Environment, json, readEnvironment } from './runtime/environment.ts';
import { StageFailure } from './runtime/failure.ts';
import { readText } from './runtime/objects.ts';
import { serveStage } from './runtime/serve.ts';
import { completed, defineStage, pending, type Work } from './runtime/stage.ts';

const Settings = Environment.extend({
  BATON_EVALUATE_IMAGE: z.string().min(1),
  BATON_TRAIN_MACHINE_TYPE: z.string().min(1),
  BATON_TRAINING_SERVICE_ACCOUNT: z.string().min(1),
  BATON_GATE: json(GateThresholds),
});

const State = z.object({ job: z.string() });

/** Evaluates the model on the run's snapshot with a Vertex AI custom job, and lets the gate decide. */
export const evaluate = defineStage({
  name: 'evaluate',
  input: ModelTrained,
  state: State,

  async start(event, work) {
    const settings = readEnvironment(Settings);
    const job = await findOrCreateJob(work, {
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
              }),
              env: [{ name: 'BATON_RUN', value: work.run }],
            },
          },
        ],
        serviceAccount: settings.BATON_TRAINING_SERVICE_ACCOUNT,
      },
    });
    return pending([job], { job });
  },

  ready: withEndedJob,

  async settle({ event, state, resources, signalled }, work) {
    if (!signalled && !(await hasSucceeded(state.job))) return pending(resources, state);
    const metrics = await readMetrics(`${attemptFolder(work)}metrics.json`);
    const gate = decideGate(metrics, readEnvironment(Settings).BATON_GATE);
    const { model, artifact, trainTable } = event.data;
    const samples = gcsUri(
      work.environment.BATON_BUCKET,
      `${layout.attempt(work.run, 'evaluate', work.attempt)}samples.jsonl`,
    );
    return completed(gate.decision === 'passed' ? EvalPassed : EvalFailed, {
      model,
      artifact,
      job: state.job,
      metrics,
      gate,
      samples,
      trainTable,
    });
  },
});

export const handle = serveStage(evaluate);

const attemptFolder = (work: Work) =>
  gcsUri(work.environment.BATON_BUCKET, layout.attempt(work.run, 'evaluate', work.attempt));

async function readMetrics(uri: string): Promise<Metrics> {
  const parsed = Metrics.safeParse(JSON.parse(await readText(uri)));
  if (parsed.success) return parsed.data;
  throw new StageFailure(
    'BATON_ARTIFACT_INCOMPLETE',
    `${uri} does not report what the gate needs: ${z.prettifyError(parsed.error)}`,
  );
}
