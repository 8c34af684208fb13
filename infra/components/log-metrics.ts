import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';

/** The name under which Cloud Monitoring knows a metric of logs. */
export const metricType = (name: string) => `logging.googleapis.com/user/${name}`;

export const METRICS = {
  endings: 'baton/endings',
  seconds: 'baton/stage_seconds',
  approvals: 'baton/approvals',
  anomalies: 'baton/anomalies',
};

/** What the handlers log when a stage ends, in whatever way: handlers/runtime/ending.ts. */
const ENDINGS = 'resource.type="cloud_run_revision" AND jsonPayload.stage:* AND jsonPayload.event:*';

/** What is logged when a run asks somebody to approve it: handlers/approval.ts. */
const APPROVALS = 'resource.type="cloud_run_revision" AND jsonPayload.approval:*';

const label = (key: string, description: string) => ({ key, valueType: 'STRING', description });

export interface LogMetricsArgs {
  project: string;
  /** Whether models are approved and monitored in the project. */
  serving: boolean;
}

/** Counts and measures what is logged: how stages end, how long they take, who is asked, and what model monitoring finds. */
export class LogMetrics extends pulumi.ComponentResource {
  constructor(name: string, { project, serving }: LogMetricsArgs, opts?: pulumi.ComponentResourceOptions) {
    super('baton:index:LogMetrics', name, {}, opts);
    new gcp.logging.Metric(
      'endings',
      {
        project,
        name: METRICS.endings,
        description: 'How stages end: by the event, and for parked and refused runs by the code.',
        filter: ENDINGS,
        metricDescriptor: {
          metricKind: 'DELTA',
          valueType: 'INT64',
          labels: [
            label('stage', 'prepare to rollback'),
            label('event', 'the event that ended the stage'),
            label('code', 'BATON_…'),
          ],
        },
        labelExtractors: {
          stage: 'EXTRACT(jsonPayload.stage)',
          event: 'EXTRACT(jsonPayload.event)',
          code: 'EXTRACT(jsonPayload.code)',
        },
      },
      { parent: this },
    );
    new gcp.logging.Metric(
      'stage-seconds',
      {
        project,
        name: METRICS.seconds,
        description: 'How long stages take, from the claim to the ending.',
        filter: `${ENDINGS} AND jsonPayload.seconds>=0`,
        valueExtractor: 'EXTRACT(jsonPayload.seconds)',
        metricDescriptor: {
          metricKind: 'DELTA',
          valueType: 'DISTRIBUTION',
          unit: 's',
          labels: [label('stage', 'prepare to rollback')],
        },
        labelExtractors: { stage: 'EXTRACT(jsonPayload.stage)' },
        // From a tenth of a second to five days.
        bucketOptions: { exponentialBuckets: { numFiniteBuckets: 38, growthFactor: 1.5, scale: 0.1 } },
      },
      { parent: this },
    );
    if (serving) {
      new gcp.logging.Metric(
        'approvals',
        {
          project,
          name: METRICS.approvals,
          description: 'Runs that began to wait for somebody to approve them.',
          filter: APPROVALS,
          metricDescriptor: { metricKind: 'DELTA', valueType: 'INT64' },
        },
        { parent: this },
      );
      new gcp.logging.Metric(
        'anomalies',
        {
          project,
          name: METRICS.anomalies,
          description:
            'Skew and drift beyond their thresholds, as monitoring jobs with enableLogging log them.',
          filter: `logName="projects/${project}/logs/aiplatform.googleapis.com%2Fmodel_monitoring_anomaly"`,
          metricDescriptor: { metricKind: 'DELTA', valueType: 'INT64' },
        },
        { parent: this },
      );
    }
    this.registerOutputs();
  }
}
