import type { TimeSeries } from '../monitoring/time-series.ts';
import type { PubSub } from './broker.ts';

const METRIC = 'pubsub.googleapis.com/subscription/oldest_unacked_message_age';

/** What Pub/Sub measures here for Cloud Monitoring: the age of each subscription's oldest message, now. */
export const backlogAges =
  (broker: PubSub) =>
  (project: string): TimeSeries[] => {
    const now = broker.clock.now();
    return [...broker.store.state.subscriptions.keys()]
      .filter((name) => name.startsWith(`projects/${project}/`))
      .map((name) => {
        const { oldestUnackedAt = now } = broker.statistics(name);
        const labels = { project_id: project, subscription_id: String(name.split('/').at(-1)) };
        const value = Math.floor((now - oldestUnackedAt) / 1000);
        return {
          metric: { type: METRIC, labels: {} },
          resource: { type: 'pubsub_subscription', labels },
          metricKind: 'GAUGE',
          valueType: 'INT64',
          points: [{ start: now, end: now, value }],
        };
      });
  };
