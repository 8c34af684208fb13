import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import { durationMs } from '../values.ts';

type MonitoringJob = google.cloud.aiplatform.v1.IModelDeploymentMonitoringJob;

/** The span of time that one run of the pipeline looks at, in milliseconds since the epoch; `end` is not in it. */
export interface Window {
  start: number;
  end: number;
}

const HOUR_MS = 3600 * 1000;

/** How often a job runs: its interval, rounded up to full hours. */
export function intervalMs(job: MonitoringJob, hourMs: number): number {
  return fullHours(job.modelDeploymentMonitoringScheduleConfig?.monitorInterval) * hourMs;
}

/**
 * The window that ends now: as long as the job says, or as its interval, but no longer than since the run before,
 * so that a run on demand counts no prediction twice.
 */
export function windowEndingAt(
  end: number,
  job: MonitoringJob,
  previous: Window | undefined,
  hourMs: number,
): Window {
  const { monitorWindow, monitorInterval } = job.modelDeploymentMonitoringScheduleConfig ?? {};
  const start = end - fullHours(monitorWindow ?? monitorInterval) * hourMs;
  return { start: Math.max(start, previous?.end ?? start), end };
}

const fullHours = (duration: google.protobuf.IDuration | null | undefined) =>
  Math.max(1, Math.ceil((durationMs(duration) ?? HOUR_MS) / HOUR_MS));
