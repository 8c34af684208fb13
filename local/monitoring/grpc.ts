import type { google } from '@google-cloud/monitoring/build/protos/protos.js';
import type { GrpcModule } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import { listTimeSeries, type Measured } from './time-series.ts';

type Request = google.monitoring.v3.IListTimeSeriesRequest;
type Timestamp = google.protobuf.ITimestamp;

const SERVICE = 'google.monitoring.v3.MetricService';

/** Cloud Monitoring over gRPC: series are listed, as they were measured. */
export const monitoringGrpc = (sources: Measured[]): GrpcModule => ({
  protos: '@google-cloud/monitoring',
  files: ['google/monitoring/v3/metric_service.proto'],
  services: [SERVICE],
  unary: {
    [`${SERVICE}/ListTimeSeries`]: (request: Request) => {
      if (request.aggregation) {
        throw new StatusError('UNIMPLEMENTED', "The local Cloud Monitoring doesn't aggregate.");
      }
      const { startTime, endTime } = request.interval ?? {};
      const found = listTimeSeries(sources, {
        project: String(request.name).split('/')[1],
        filter: request.filter ?? '',
        from: milliseconds(startTime ?? endTime),
        until: milliseconds(endTime),
      });
      return {
        timeSeries: found.map(({ points, ...series }) => ({
          ...series,
          points: points.map(({ start, end, value }) => ({
            interval: { startTime: timestamp(start), endTime: timestamp(end) },
            value: { int64Value: value },
          })),
        })),
      };
    },
  },
});

const milliseconds = (time: Timestamp | null | undefined) =>
  Number(time?.seconds ?? 0) * 1000 + Math.floor((time?.nanos ?? 0) / 1e6);

const timestamp = (ms: number): Timestamp => ({
  seconds: Math.floor(ms / 1000),
  nanos: (ms % 1000) * 1e6,
});
