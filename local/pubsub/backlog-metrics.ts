import { z } from 'zod';
import type { Authorize, RestModule } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import type { PubSub } from './broker.ts';

const METRIC = 'pubsub.googleapis.com/subscription/oldest_unacked_message_age';
const Query = z.looseObject({ filter: z.string() });

/** Cloud Monitoring's REST API, as far as Pub/Sub measures here: the age of each subscription's oldest message. */
export function backlogMetricsRest(broker: PubSub, authorize: Authorize): RestModule {
  return {
    hosts: ['monitoring.googleapis.com'],
    register: (app) => {
      app.get('/v3/projects/:project/timeSeries', async (request) => {
        const { project } = request.params as { project: string };
        authorize({
          principal: request.caller.principal,
          permission: 'monitoring.timeSeries.list',
          resource: `//monitoring.googleapis.com/projects/${project}`,
        });
        const { filter } = Query.parse(request.query);
        if (filter !== `metric.type="${METRIC}"`) {
          throw new StatusError('UNIMPLEMENTED', `The local cloud measures ${METRIC} alone, not ${filter}.`);
        }
        return { timeSeries: agesIn(project, broker) };
      });
    },
  };
}

function agesIn(project: string, broker: PubSub): object[] {
  const now = broker.clock.now();
  const interval = { startTime: new Date(now).toISOString(), endTime: new Date(now).toISOString() };
  return [...broker.store.state.subscriptions.keys()]
    .filter((name) => name.startsWith(`projects/${project}/`))
    .map((name) => {
      const { oldestUnackedAt = now } = broker.statistics(name);
      const labels = { project_id: project, subscription_id: name.split('/').at(-1) };
      return {
        metric: { type: METRIC },
        resource: { type: 'pubsub_subscription', labels },
        metricKind: 'GAUGE',
        valueType: 'INT64',
        points: [{ interval, value: { int64Value: String(Math.floor((now - oldestUnackedAt) / 1000)) } }],
      };
    });
}
