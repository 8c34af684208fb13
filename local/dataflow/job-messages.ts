import type { LogEntry } from '../boundaries.ts';
import type { DataflowJob, Importance } from './job.ts';

const SEVERITIES: Partial<Record<Importance, LogEntry['severity']>> = {
  JOB_MESSAGE_ERROR: 'ERROR',
  JOB_MESSAGE_BASIC: 'INFO',
};

/** Adds a message to a job, and answers it as the entry that Dataflow writes to Cloud Logging. */
export function addMessage(
  job: DataflowJob,
  importance: Importance,
  text: string,
  timestamp: string,
): LogEntry {
  job.messages.push({
    id: `${job.id}-${job.messages.length + 1}`,
    time: timestamp,
    messageText: text,
    messageImportance: importance,
  });
  return {
    project: job.projectId,
    logName: `projects/${job.projectId}/logs/dataflow.googleapis.com%2Fjob-message`,
    timestamp,
    severity: SEVERITIES[importance] ?? 'DEBUG',
    resource: {
      type: 'dataflow_step',
      labels: {
        job_id: job.id,
        job_name: job.name,
        project_id: job.projectId,
        region: job.location,
        step_id: '',
      },
    },
    labels: { 'dataflow.googleapis.com/job_id': job.id, 'dataflow.googleapis.com/job_name': job.name },
    textPayload: text,
  };
}
