import type { Input } from '@pulumi/pulumi';
import type { EventName } from '../events/topics.ts';
import { Account } from './components/account.ts';
import type { EventTopic } from './components/event-topic.ts';
import type { Grants } from './components/grants.ts';
import { mayPublish } from './components/topics.ts';
import type { ProdSettings } from './settings.ts';

/** The identities of the production project, and all that each of them may do there. */
export function declareProdAccounts(
  { project }: ProdSettings,
  { bucket, topics }: { bucket: Input<string>; topics: Map<EventName, EventTopic> },
) {
  const account = (id: string, purpose: string, grants?: Grants) =>
    new Account(id, { project, purpose, grants });
  const publish = (...events: EventName[]) => mayPublish(topics, ...events);
  const buckets = [{ name: 'lake', bucket, role: 'roles/storage.objectUser' }];

  const serving = account('serving', 'runs the prediction containers');
  return {
    serving,
    deploy: account('deploy', 'deploys models that passed evaluation', {
      project: ['roles/aiplatform.user'],
      buckets,
      topics: publish('deployed'),
      actsAs: [serving],
    }),
    monitor: account('monitor', 'sets up the monitoring of deployed models', {
      project: ['roles/aiplatform.user'],
      buckets,
      topics: publish('monitored'),
    }),
    // A deployment has several steps, and settle starts each when the one before has ended.
    settle: account('settle', 'finishes stages whose operations have ended', {
      project: ['roles/aiplatform.user'],
      buckets,
      topics: publish('deployed', 'monitored'),
      actsAs: [serving],
    }),
    park: account('park', 'parks messages that no handler could handle', { buckets, topics: publish() }),
    push: account('pubsub-push', 'calls functions for Pub/Sub'),
    scheduler: account('scheduler', 'calls functions for Cloud Scheduler'),
  };
}
