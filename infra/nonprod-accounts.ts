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
  const buckets = [{ name: 'lake', bucket, role: 'roles/storage.objectUser' }];
  const tables = { id: dataset, roles: ['roles/bigquery.dataEditor'] };

  const dataflowWorker = account('dataflow-worker', "runs Dataflow's workers", {
    project: ['roles/dataflow.worker', 'roles/bigquery.jobUser'],
    dataset: tables,
    buckets,
  });
  const training = account('training', 'runs the training and evaluation containers', { buckets });
  const settling: Grants = {
    project: ['roles/dataflow.viewer', 'roles/aiplatform.viewer', 'roles/bigquery.jobUser'],
    dataset: tables,
    buckets,
    topics: publish('ingest-done', 'model-trained', 'eval-passed', 'eval-failed', 'refused'),
  };
  return {
    dataflowWorker,
    training,
    prepare: account('prepare', 'starts a run for each complete drop', {
      // bigquery.user lets it create the dataset, which it then owns.
      project: ['roles/bigquery.user'],
      buckets,
      topics: publish('dataset-ready', 'refused'),
    }),
    ingest: account('ingest', 'ingests a drop with Dataflow', {
      project: ['roles/dataflow.developer'],
      buckets,
      topics: publish(),
      actsAs: [dataflowWorker],
    }),
    train: account('train', 'starts training jobs', {
      project: ['roles/aiplatform.user'],
      buckets,
      topics: publish(),
      actsAs: [training],
    }),
    evaluate: account('evaluate', 'starts evaluation jobs', {
      project: ['roles/aiplatform.user'],
      buckets,
      topics: publish(),
      actsAs: [training],
    }),
    // Finishes every stage: reads the state of what each one started, and publishes its event.
    settle: account('settle', 'finishes stages whose operations have ended', both(settling, settleAlso)),
    park: account('park', 'parks messages that no handler could handle', { buckets, topics: publish() }),
    push: account('pubsub-push', 'calls functions for Pub/Sub and Eventarc', {
      project: ['roles/eventarc.eventReceiver'],
    }),
    scheduler: account('scheduler', 'calls functions for Cloud Scheduler'),
  };
}
