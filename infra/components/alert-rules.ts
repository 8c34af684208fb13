import { METRICS, metricType } from './log-metrics.ts';

/** One alert: what it watches, when it fires, and the section of docs/runbook.md that says what to do. */
export interface AlertRule {
  name: string;
  title: string;
  /** In the language of Cloud Monitoring's filters. */
  filter: string;
  /** Fires when the aggregated value is above it, for a whole `duration`. */
  above: number;
  duration: string;
  alignmentPeriod: string;
  aligner: string;
  reducer: string;
  groupBy: string[];
  /** The runbook's section, as its heading. */
  section: string;
}

const SUBSCRIPTION = 'resource.type="pubsub_subscription"';
const LOGGED = 'resource.type="cloud_run_revision"';
const ENDPOINT = 'resource.type="aiplatform.googleapis.com/Endpoint"';

/** The rules of every tenant. */
export function runRules(thresholds: { unackedSeconds: number; stageSeconds: number }): AlertRule[] {
  return [
    {
      name: 'alert-unacked',
      title: 'A message waits for too long',
      filter: `${SUBSCRIPTION} AND metric.type="pubsub.googleapis.com/subscription/oldest_unacked_message_age"`,
      above: thresholds.unackedSeconds,
      duration: '300s',
      alignmentPeriod: '60s',
      aligner: 'ALIGN_MAX',
      reducer: 'REDUCE_MAX',
      groupBy: ['resource.label.subscription_id'],
      section: 'A message waits for too long',
    },
    {
      name: 'alert-dead-letters',
      title: 'Messages were given up',
      filter: `${SUBSCRIPTION} AND metric.type="pubsub.googleapis.com/subscription/dead_letter_message_count"`,
      above: 0,
      duration: '0s',
      alignmentPeriod: '300s',
      aligner: 'ALIGN_DELTA',
      reducer: 'REDUCE_SUM',
      groupBy: ['resource.label.subscription_id'],
      section: 'Messages were given up',
    },
    {
      name: 'alert-parked',
      title: 'A run is parked',
      filter: `${LOGGED} AND metric.type="${metricType(METRICS.endings)}" AND metric.label.event="parked"`,
      above: 0,
      duration: '0s',
      alignmentPeriod: '300s',
      aligner: 'ALIGN_DELTA',
      reducer: 'REDUCE_SUM',
      groupBy: ['metric.label.stage', 'metric.label.code'],
      section: 'A run is parked',
    },
    {
      name: 'alert-slow-stage',
      title: 'A stage takes too long',
      // How long people take is theirs to say, and a rollout takes as long as its plan says.
      filter: `${LOGGED} AND metric.type="${metricType(METRICS.seconds)}" AND metric.label.stage!="approve" AND metric.label.stage!="rollout"`,
      above: thresholds.stageSeconds,
      duration: '0s',
      alignmentPeriod: '3600s',
      aligner: 'ALIGN_DELTA',
      reducer: 'REDUCE_PERCENTILE_95',
      groupBy: ['metric.label.stage'],
      section: 'A stage takes too long',
    },
  ];
}

/** The rules of the tenant where models are approved and deployed. */
export const SERVING_RULES: AlertRule[] = [
  {
    name: 'alert-approval',
    title: 'A run waits for approval',
    filter: `${LOGGED} AND metric.type="${metricType(METRICS.approvals)}"`,
    above: 0,
    duration: '0s',
    alignmentPeriod: '300s',
    aligner: 'ALIGN_DELTA',
    reducer: 'REDUCE_SUM',
    groupBy: [],
    section: 'A run waits for approval',
  },
  {
    name: 'alert-predictions',
    title: 'Predictions fail',
    filter: `${ENDPOINT} AND metric.type="aiplatform.googleapis.com/prediction/online/error_count"`,
    above: 0,
    duration: '300s',
    alignmentPeriod: '60s',
    aligner: 'ALIGN_DELTA',
    reducer: 'REDUCE_SUM',
    groupBy: ['resource.label.endpoint_id', 'metric.label.deployed_model_id'],
    section: 'Predictions fail',
  },
  {
    name: 'alert-rolled-back',
    title: 'A model was rolled back',
    filter: `${LOGGED} AND metric.type="${metricType(METRICS.endings)}" AND metric.label.event="rolled-back"`,
    above: 0,
    duration: '0s',
    alignmentPeriod: '300s',
    aligner: 'ALIGN_DELTA',
    reducer: 'REDUCE_SUM',
    groupBy: ['metric.label.stage'],
    section: 'A model was rolled back',
  },
  {
    name: 'alert-drift',
    title: 'The data have drifted',
    // Only one type of resource writes to the log, but Cloud Monitoring wants one named.
    filter: `resource.type="aiplatform.googleapis.com/ModelDeploymentMonitoringJob" AND metric.type="${metricType(METRICS.anomalies)}"`,
    above: 0,
    duration: '0s',
    alignmentPeriod: '3600s',
    aligner: 'ALIGN_DELTA',
    reducer: 'REDUCE_SUM',
    groupBy: [],
    section: 'The data have drifted',
  },
];
