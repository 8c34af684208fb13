import * as gcp from '@pulumi/gcp';
import { METRICS, metricType } from './log-metrics.ts';

interface Chart {
  title: string;
  filter: string;
  aligner: string;
  reducer: string;
  groupBy: string[];
  unit?: string;
}

const COLUMNS = 2;
const WIDTH = 24;
const HEIGHT = 16;

const logged = (metric: string) =>
  `resource.type="cloud_run_revision" AND metric.type="${metricType(metric)}"`;
const subscription = (metric: string) =>
  `resource.type="pubsub_subscription" AND metric.type="pubsub.googleapis.com/subscription/${metric}"`;
const endpoint = (metric: string) =>
  `resource.type="aiplatform.googleapis.com/Endpoint" AND metric.type="aiplatform.googleapis.com/prediction/online/${metric}"`;
const count = { aligner: 'ALIGN_DELTA', reducer: 'REDUCE_SUM' };

const RUNS: Chart[] = [
  { title: 'Endings of stages', filter: logged(METRICS.endings), ...count, groupBy: ['metric.label.event'] },
  {
    title: 'Parked runs',
    filter: `${logged(METRICS.endings)} AND metric.label.event="parked"`,
    ...count,
    groupBy: ['metric.label.stage', 'metric.label.code'],
  },
  {
    title: 'Duration of stages, 95th percentile',
    filter: logged(METRICS.seconds),
    aligner: 'ALIGN_DELTA',
    reducer: 'REDUCE_PERCENTILE_95',
    groupBy: ['metric.label.stage'],
    unit: 's',
  },
  {
    title: 'Age of the oldest unacknowledged message',
    filter: subscription('oldest_unacked_message_age'),
    aligner: 'ALIGN_MAX',
    reducer: 'REDUCE_MAX',
    groupBy: ['resource.label.subscription_id'],
    unit: 's',
  },
  {
    title: 'Dead letters',
    filter: subscription('dead_letter_message_count'),
    ...count,
    groupBy: ['resource.label.subscription_id'],
  },
  {
    title: "Functions' answers",
    filter: 'resource.type="cloud_run_revision" AND metric.type="run.googleapis.com/request_count"',
    ...count,
    groupBy: ['resource.label.service_name', 'metric.label.response_code_class'],
  },
];

const SERVING: Chart[] = [
  { title: 'Requests for approval', filter: logged(METRICS.approvals), ...count, groupBy: [] },
  {
    title: 'Predictions by deployed model',
    filter: endpoint('prediction_count'),
    ...count,
    groupBy: ['metric.label.deployed_model_id'],
  },
  {
    title: 'Failed predictions',
    filter: endpoint('error_count'),
    ...count,
    groupBy: ['metric.label.deployed_model_id'],
  },
  {
    title: 'Latency of predictions, 95th percentile',
    filter: endpoint('prediction_latencies'),
    aligner: 'ALIGN_DELTA',
    reducer: 'REDUCE_PERCENTILE_95',
    groupBy: ['metric.label.deployed_model_id'],
    unit: 'ms',
  },
  {
    title: 'Skew and drift beyond their thresholds',
    filter: `resource.type="aiplatform.googleapis.com/ModelDeploymentMonitoringJob" AND metric.type="${metricType(METRICS.anomalies)}"`,
    ...count,
    groupBy: [],
  },
];

/** Declares the dashboard of a tenant: its runs, and where models are deployed its endpoint. */
export function declareDashboard(project: string, serving: boolean): void {
  const charts = [...RUNS, ...(serving ? SERVING : [])];
  const tiles = charts.map((chart, index) => ({
    xPos: (index % COLUMNS) * WIDTH,
    yPos: Math.floor(index / COLUMNS) * HEIGHT,
    width: WIDTH,
    height: HEIGHT,
    widget: { title: chart.title, xyChart: xyChart(chart) },
  }));
  new gcp.monitoring.Dashboard('dashboard', {
    project,
    dashboardJson: JSON.stringify({
      displayName: 'Baton',
      mosaicLayout: { columns: COLUMNS * WIDTH, tiles },
    }),
  });
}

function xyChart({ filter, aligner, reducer, groupBy, unit }: Chart) {
  const aggregation = {
    alignmentPeriod: '300s',
    perSeriesAligner: aligner,
    crossSeriesReducer: reducer,
    groupByFields: groupBy,
  };
  return {
    dataSets: [
      {
        plotType: 'LINE',
        timeSeriesQuery: {
          timeSeriesFilter: { filter, aggregation },
          ...(unit && { unitOverride: unit }),
        },
      },
    ],
    yAxis: { scale: 'LINEAR' },
  };
}
