import type { Input } from '@pulumi/pulumi';
import { Account } from './components/account.ts';
import type { Grants } from './components/grants.ts';
import { type EventTopics, mayPublish, publisher } from './components/topics.ts';
import type { ServingSettings } from './settings.ts';

interface Made {
  bucket: Input<string>;
  topics: EventTopics;
}

const lake = (bucket: Input<string>, why: string) => [
  { name: 'lake', bucket, role: 'roles/storage.objectUser', why },
];

/** The identities of the stages that serve a model, and all that each of them may do in the project. */
export function declareServingAccounts({ project, approval }: ServingSettings, { bucket, topics }: Made) {
  const account = (id: string, purpose: string, grants?: Grants) =>
    new Account(id, { project, purpose, grants });
  const serving = account('serving', 'runs the prediction containers');
  const evaluation = account('evaluation', "runs the champion's evaluation", {
    buckets: lake(bucket, "writes the champion's figures and the marker"),
  });
  return {
    serving,
    evaluation,
    approve: account('approve', 'decides whether production takes a model', {
      project: [{ role: 'roles/aiplatform.user', why: 'finds the champion, and has it evaluated' }],
      buckets: lake(bucket, "keeps the run's record, and what people are asked"),
      // Where somebody has to be asked, only settle says that they agreed.
      topics: mayPublish(topics, 'superseded', ...(approval.required ? [] : (['approved'] as const))),
      actsAs: [{ account: evaluation, why: 'creates evaluation jobs that run as it' }],
    }),
    decide: account('decide', 'takes down what people decide', {
      buckets: lake(bucket, 'reads what waits for a decision, and keeps the decision'),
      topics: [publisher(topics, 'rollback-requested', 'asks for the version that an operator wants back')],
    }),
    deploy: account('deploy', 'deploys models that were approved', {
      project: [{ role: 'roles/aiplatform.user', why: 'registers the model, and makes the endpoint' }],
      buckets: lake(bucket, "keeps the run's record"),
      topics: mayPublish(topics, 'superseded'),
    }),
    monitor: account('monitor', 'sets up the monitoring of deployed models', {
      project: [{ role: 'roles/aiplatform.user', why: 'creates and updates the monitoring job' }],
      buckets: lake(bucket, "keeps the run's record"),
      topics: mayPublish(topics, 'monitored'),
    }),
    rollout: account('rollout', 'begins the rollout of deployed versions', {
      buckets: lake(bucket, "keeps the run's record"),
      topics: mayPublish(topics),
    }),
    rollback: account('rollback', 'brings another version back', {
      project: [
        { role: 'roles/aiplatform.user', why: 'takes the endpoint, and moves its traffic and the aliases' },
      ],
      buckets: lake(bucket, "keeps the run's record"),
      topics: mayPublish(topics, 'superseded'),
    }),
    lineage: account('lineage', 'records where deployed models come from', {
      project: [{ role: 'roles/aiplatform.user', why: "writes the runs' lineage to the metadata store" }],
      buckets: [
        {
          name: 'lake',
          bucket,
          role: 'roles/storage.objectCreator',
          why: 'keeps messages that it cannot read',
        },
      ],
    }),
    alert: account('alert', "turns model monitoring's alerts into events", {
      project: [{ role: 'roles/aiplatform.viewer', why: 'reads what the monitoring job measured' }],
      buckets: lake(bucket, 'keeps which anomalies were published'),
      topics: [publisher(topics, 'drift-detected', 'tells of each anomaly')],
    }),
    // There whether or not drift is answered, so that non-production can let it in as soon as it shall be.
    retrainPush: account('retrain-push', 'calls retrain for Pub/Sub'),
  };
}

/** What `settle` needs to finish the stages of production: it starts each step after the one before. */
export function settlesServing(serving: Account, { bucket, topics }: Made): Grants {
  return {
    project: [
      {
        role: 'roles/aiplatform.user',
        why: 'takes each step of a deployment and of its rollout after the one before',
      },
      {
        role: 'roles/monitoring.viewer',
        why: "reads how a new version's answers are, while its share soaks",
      },
    ],
    buckets: lake(bucket, "finds what is outstanding, and keeps the runs' records"),
    topics: mayPublish(
      topics,
      ...(['approved', 'rejected', 'eval-failed', 'deployed', 'superseded', 'monitored'] as const),
      ...(['promoted', 'rolled-back'] as const),
    ),
    actsAs: [{ account: serving, why: 'deploys models whose containers run as it' }],
  };
}

/** The identities of the production project, and all that each of them may do there. */
export function declareProdAccounts(settings: ServingSettings, made: Made) {
  const account = (id: string, purpose: string, grants?: Grants) =>
    new Account(id, { project: settings.project, purpose, grants });
  const accounts = declareServingAccounts(settings, made);
  return {
    ...accounts,
    settle: account(
      'settle',
      'finishes stages whose operations have ended',
      settlesServing(accounts.serving, made),
    ),
    park: account('park', 'parks messages that no handler could handle', {
      buckets: lake(made.bucket, 'keeps the messages, and ends their stages as parked'),
      topics: mayPublish(made.topics),
    }),
    push: account('pubsub-push', 'calls functions for Pub/Sub'),
    scheduler: account('scheduler', 'calls functions for Cloud Scheduler'),
  };
}
