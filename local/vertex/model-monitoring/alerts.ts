import { randomUUID } from 'node:crypto';
import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import type { Incident, LogSink } from '../../boundaries.ts';
import { parseName } from '../names.ts';
import type { FeatureResult } from './pipeline.ts';
import { isAnomaly, type MonitoringRun } from './runs.ts';

type MonitoringJob = google.cloud.aiplatform.v1.IModelDeploymentMonitoringJob;

const JOB_TYPE = 'aiplatform.googleapis.com/ModelDeploymentMonitoringJob';

export interface AlertDependencies {
  logs: LogSink;
  /** Sends an incident to a Cloud Monitoring notification channel, by the channel's name. */
  notify(channel: string, incident: Incident): void;
}

/**
 * Tells of the features of a run that are beyond their thresholds: in Cloud Logging, one entry for each deployed
 * model and objective, and one incident to each notification channel of the job. Nobody is sent e-mail here.
 *
 * The log entry is as "Monitor feature skew and drift" of Vertex AI's documentation shows it. What that page says
 * of the notification is that it has information about the job; the incident has the job as its resource.
 */
export function tellOfAnomalies(
  job: MonitoringJob,
  run: MonitoringRun,
  { logs, notify }: AlertDependencies,
): void {
  const anomalies = run.results.filter(isAnomaly);
  if (anomalies.length === 0) return;
  const { enableLogging, notificationChannels } = job.modelMonitoringAlertConfig ?? {};
  if (enableLogging) for (const entry of logEntries(job, run, anomalies)) logs.write(entry);
  for (const channel of notificationChannels ?? []) notify(channel, incidentOf(job, run, anomalies));
}

function resourceOf(job: MonitoringJob) {
  const { project, location, id } = parseName(job.name);
  const labels = { resource_container: `projects/${project}`, location, model_deployment_monitoring_job: id };
  return { type: JOB_TYPE, labels };
}

function logEntries(job: MonitoringJob, { window }: MonitoringRun, anomalies: FeatureResult[]) {
  const { project } = parseName(job.name);
  const groups = Map.groupBy(
    anomalies,
    ({ deployedModelId, objective }) => `${deployedModelId} ${objective}`,
  );
  return [...groups.values()].map((group) => ({
    project,
    logName: `projects/${project}/logs/aiplatform.googleapis.com%2Fmodel_monitoring_anomaly`,
    timestamp: new Date().toISOString(),
    severity: 'WARNING',
    resource: resourceOf(job),
    jsonPayload: {
      '@type': 'type.googleapis.com/google.cloud.aiplatform.logging.ModelMonitoringAnomaliesLogEntry',
      modelDeploymentMonitoringJob: job.name,
      deployedModelId: group[0].deployedModelId,
      anomalyObjective: group[0].objective,
      startTime: new Date(window.start).toISOString(),
      endTime: new Date(window.end).toISOString(),
      totalAnomaliesCount: group.length,
      featureAnomalies: group.map(({ feature, deviation, threshold }) => ({
        featureDisplayName: feature,
        deviation,
        threshold,
      })),
    },
  }));
}

function incidentOf(job: MonitoringJob, { window }: MonitoringRun, anomalies: FeatureResult[]): Incident {
  const { project } = parseName(job.name);
  const features = [...new Set(anomalies.map(({ feature }) => feature))].join(', ');
  return {
    incident_id: randomUUID(),
    scoping_project_id: project,
    url: `https://console.cloud.google.com/monitoring/alerting?project=${project}`,
    started_at: Math.floor(window.end / 1000),
    ended_at: null,
    state: 'open',
    resource_id: '',
    resource_name: job.displayName ?? '',
    resource_type_display_name: 'Vertex AI model monitoring job',
    resource: resourceOf(job),
    policy_name: 'Vertex AI Model Monitoring',
    condition_name: 'Feature skew or drift',
    summary: `${job.name} found anomalies in ${anomalies.length} statistics of the features ${features}.`,
  };
}
