import type { Input } from '@pulumi/pulumi';
import type { EventName } from '../events/topics.ts';
import { Account } from './components/account.ts';
import { both, type Grants } from './components/grants.ts';
import { type EventTopics, mayPublish } from './components/topics.ts';
import type { TrainingSettings } from './settings.ts';

/**
 * The identities of a project in which models are trained, and all that each of them may do there.
 *
 * @param settleAlso what else `settle` may do, where the project has stages of production's too
 */
export function declareNonprodAccounts(
  settings: TrainingSettings,
  { bucket, topics }: { bucket: Input<string>; topics: EventTopics },
  settleAlso: Grants = {},
) {
  const { project, dataset } = settings;
  const account = (id: string, purpose: string, grants?: Grants) =>
    new Account(id, { project, purpose, grants });
  const publish = (...events: EventName[]) => mayPublish(topics, ...events);
  const lake = (why: string) => [{ name: 'lake', bucket, role: 'roles/storage.objectUser', why }];
  const tables = (why: string) => ({ id: dataset, roles: [{ role: 'roles/bigquery.dataEditor', why }] });

  const dataflowWorker = account('dataflow-worker', "runs Dataflow's workers", {
    project: [
      { role: 'roles/dataflow.worker', why: "takes Dataflow's work and reports on it" },
      { role: 'roles/bigquery.jobUser', why: 'loads what it read into staging tables' },
    ],
    dataset: tables('creates and fills the staging tables of a run'),
    buckets: lake("reads the drop and the transform, writes the load's files"),
  });
  const training = account('training', 'runs the training and evaluation containers', {
    buckets: lake('reads the snapshot and the model, writes the model, its metrics and the marker'),
  });
  const settling: Grants = {
    project: [
      { role: 'roles/dataflow.viewer', why: 'reads whether the Dataflow jobs have ended' },
      { role: 'roles/aiplatform.viewer', why: 'reads whether the custom jobs have ended' },
      { role: 'roles/bigquery.jobUser', why: 'checks the staged rows, and makes them live' },
    ],
    dataset: tables('replaces the live tables, exports the snapshot and drops the staging tables'),
    buckets: lake("finds what is outstanding, digests what jobs wrote, and keeps the runs' records"),
    topics: publish('ingest-done', 'model-trained', 'eval-passed', 'eval-failed', 'refused'),
  };
  return {
    dataflowWorker,
    training,
    prepare: account('prepare', 'starts a run for each complete drop', {
      project: [{ role: 'roles/bigquery.user', why: 'creates the dataset of the runs, which it then owns' }],
      buckets: lake("inspects the drop, and keeps the run's record"),
      topics: publish('dataset-ready', 'refused'),
    }),
    ingest: account('ingest', 'ingests a drop with Dataflow', {
      project: [{ role: 'roles/dataflow.developer', why: 'launches the Dataflow jobs' }],
      buckets: lake("reads the workload, and keeps the run's record"),
      topics: publish(),
      actsAs: [{ account: dataflowWorker, why: 'launches Dataflow jobs that run as it' }],
    }),
    train: account('train', 'starts training jobs', {
      project: [{ role: 'roles/aiplatform.user', why: 'creates the training job' }],
      buckets: lake("keeps the run's record"),
      topics: publish(),
      actsAs: [{ account: training, why: 'creates training jobs that run as it' }],
    }),
    evaluate: account('evaluate', 'starts evaluation jobs', {
      project: [{ role: 'roles/aiplatform.user', why: 'creates the evaluation job' }],
      buckets: lake("keeps the run's record"),
      topics: publish(),
      actsAs: [{ account: training, why: 'creates evaluation jobs that run as it' }],
    }),
    // Finishes every stage: reads the state of what each one started, and publishes its event.
    settle: account('settle', 'finishes stages whose operations have ended', both(settling, settleAlso)),
    park: account('park', 'parks messages that no handler could handle', {
      buckets: lake('keeps the messages, and ends their stages as parked'),
      topics: publish(),
    }),
    push: account('pubsub-push', 'calls functions for Pub/Sub and Eventarc', {
      project: [
        { role: 'roles/eventarc.eventReceiver', why: "receives the changes of Dataflow jobs' states" },
      ],
    }),
    scheduler: account('scheduler', 'calls functions for Cloud Scheduler'),
  };
}
