import { z } from 'zod';
import { type BatonEvent, DatasetReady, type IngestDone as Done, IngestDone } from '../events/index.ts';
import { dropTable, ingestedTable } from './ingested-table.ts';
import { keepRejects } from './rejects.ts';
import { digestArtifact } from './runtime/artifact.ts';
import { dataflowFailure, findOrLaunch, jobState, withEndedJobs } from './runtime/dataflow.ts';
import { Environment, optional, readEnvironment } from './runtime/environment.ts';
import { labelsOfAttempt } from './runtime/labels.ts';
import { serveStage } from './runtime/serve.ts';
import { completed, defineStage, pending, type Work } from './runtime/stage.ts';
import { besideDescriptor, readWorkload } from './runtime/workload.ts';

const Settings = Environment.extend({
  BATON_WORKLOAD: z.string(),
  BATON_DATAFLOW_TEMPLATE: z.string(),
  BATON_DATAFLOW_SERVICE_ACCOUNT: z.string(),
  BATON_DATAFLOW_SUBNETWORK: optional,
  BATON_DATAFLOW_IP_CONFIGURATION: z.enum(['WORKER_IP_PRIVATE', 'WORKER_IP_PUBLIC']),
  BATON_MAX_REJECTED_FRACTION: z.coerce.number().min(0).max(1),
});

const TABLES = ['train', 'eval'] as const;
type Table = (typeof TABLES)[number];

const State = z.object({ jobs: z.object({ train: z.string(), eval: z.string() }) });
type Input = z.output<typeof DatasetReady.data>;

/**
 * Ingests both files by Dataflow into staging tables of the run, then replaces the live tables and exports the
 * run's immutable snapshot. The template appends, so each attempt has staging tables of its own.
 */
export const ingest = defineStage({
  name: 'ingest',
  input: DatasetReady,
  state: State,

  async start(event, work) {
    const [train, evaluation] = await Promise.all(TABLES.map((table) => launch(table, event.data, work)));
    return pending([train, evaluation], { jobs: { train, eval: evaluation } });
  },

  ready: withEndedJobs,

  async settle({ event, state, resources }, work) {
    const states = await Promise.all(TABLES.map((table) => jobState(work.environment, state.jobs[table])));
    for (const [index, jobs] of states.entries()) {
      if (jobs === 'failed') throw await dataflowFailure(work.environment, state.jobs[TABLES[index]]);
    }
    if (!states.every((job) => job === 'done')) return pending(resources, state);
    return finish(event, work);
  },

  async cleanUp(event, work) {
    await Promise.all(TABLES.map((table) => dropTable(event.data.dataset, stagingTable(work, table))));
  },
});

export const handle = serveStage(ingest);

/** Names that follow from the run and the attempt: the same launch twice is one job and one table. */
const stagingTable = (work: Pick<Work, 'run' | 'attempt'>, table: Table) =>
  `staging_${work.run.replaceAll('-', '_')}_${work.attempt}_${table}`;

async function launch(table: Table, input: Input, work: Work): Promise<string> {
  const settings = readEnvironment(Settings);
  const workload = await readWorkload(settings.BATON_WORKLOAD);
  const { bucket, files } = input.drop;
  const scratch = `gs://${settings.BATON_BUCKET}/dataflow`;
  return findOrLaunch(settings, {
    gcsPath: settings.BATON_DATAFLOW_TEMPLATE,
    jobName: `ingest-${work.run}-${work.attempt}-${table}`,
    parameters: {
      inputFilePattern: `gs://${bucket}/${files[table].object}`,
      JSONPath: besideDescriptor(settings.BATON_WORKLOAD, workload.transform.schema),
      outputTable: `${input.dataset.replace('.', ':')}.${stagingTable(work, table)}`,
      javascriptTextTransformGcsPath: besideDescriptor(settings.BATON_WORKLOAD, workload.transform.source),
      javascriptTextTransformFunctionName: workload.transform.function,
      bigQueryLoadingTemporaryDirectory: `${scratch}/loading`,
    },
    environment: {
      tempLocation: `${scratch}/temp`,
      serviceAccountEmail: settings.BATON_DATAFLOW_SERVICE_ACCOUNT,
      ipConfiguration: settings.BATON_DATAFLOW_IP_CONFIGURATION,
      subnetwork: settings.BATON_DATAFLOW_SUBNETWORK,
      kmsKeyName: settings.BATON_KMS_KEY,
      additionalUserLabels: { ...labelsOfAttempt(work, 'ingest'), model: input.model },
    },
  });
}

async function finish(event: BatonEvent<Input>, work: Work) {
  const settings = readEnvironment(Settings);
  const workload = await readWorkload(settings.BATON_WORKLOAD);
  const [train, evaluation] = TABLES.map((table) =>
    ingestedTable(work, workload, {
      dataset: event.data.dataset,
      staging: stagingTable(work, table),
      live: table,
      file: `gs://${event.data.drop.bucket}/${event.data.drop.files[table].object}`,
    }),
  );
  const tables = { train, eval: evaluation };
  const [inTrain, inEval] = await Promise.all([train.count(), evaluation.count()]);
  const counts = { train: inTrain, eval: inEval };
  const rejectsUri = await keepRejects(work, tables, counts);
  train.check(counts.train, settings.BATON_MAX_REJECTED_FRACTION);
  evaluation.check(counts.eval, settings.BATON_MAX_REJECTED_FRACTION);
  const live = await Promise.all([train.promote(), evaluation.promote()]);
  const snapshots = await Promise.all([train.snapshot(), evaluation.snapshot()]);
  const digests = await Promise.all(snapshots.map(digestArtifact));
  const data: z.input<typeof Done.data> = {
    model: event.data.model,
    rows: { train: counts.train.accepted, eval: counts.eval.accepted },
    rejected: { train: counts.train.rejected, eval: counts.eval.rejected },
    rejectsUri,
    tables: { train: live[0], eval: live[1] },
    snapshot: { train: snapshots[0], eval: snapshots[1] },
    snapshotDigests: { train: digests[0], eval: digests[1] },
  };
  return completed(IngestDone, IngestDone.data.parse(data));
}
