import { z } from 'zod';
import type { Authorize, RestModule } from '../boundaries.ts';
import { listTimeSeries, type Measured } from './time-series.ts';

const Query = z.object({
  filter: z.string(),
  'interval.startTime': z.iso.datetime(),
  'interval.endTime': z.iso.datetime(),
});

/** Cloud Monitoring over REST, as far as series are listed. */
export function monitoringRest(sources: Measured[], authorize: Authorize): RestModule {
  return {
    hosts: ['monitoring.googleapis.com'],
    alsoGrpc: true,
    register: (app) => {
      app.get('/v3/projects/:project/timeSeries', async (request) => {
        const { project } = request.params as { project: string };
        authorize({
          principal: request.caller.principal,
          permission: 'monitoring.timeSeries.list',
          resource: `//monitoring.googleapis.com/projects/${project}`,
        });
        const { filter, ...interval } = Query.parse(request.query);
        const [from, until] = [interval['interval.startTime'], interval['interval.endTime']].map(Date.parse);
        const found = listTimeSeries(sources, { project, filter, from, until });
        return {
          timeSeries: found.map(({ points, ...series }) => ({ ...series, points: points.map(asJson) })),
        };
      });
    },
  };
}

const asJson = ({ start, end, value }: { start: number; end: number; value: number }) => ({
  interval: { startTime: new Date(start).toISOString(), endTime: new Date(end).toISOString() },
  value: { int64Value: String(value) },
});
