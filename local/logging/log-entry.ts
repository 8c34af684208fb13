import type { LogEntry } from '../boundaries.ts';

/** Cloud Logging's severities, by number. */
export const SEVERITIES: Readonly<Record<string, number>> = {
  DEFAULT: 0,
  DEBUG: 100,
  INFO: 200,
  NOTICE: 300,
  WARNING: 400,
  ERROR: 500,
  CRITICAL: 600,
  ALERT: 700,
  EMERGENCY: 800,
};

/** The severity of that number; DEFAULT for a number that is none. */
export function severityName(level: number): string {
  return Object.keys(SEVERITIES).find((name) => SEVERITIES[name] === level) ?? 'DEFAULT';
}

/** A log entry with what Cloud Logging keeps besides what every writer gives. */
export interface StoredLogEntry extends LogEntry {
  insertId: string;
  receiveTimestamp: string;
  spanId?: string;
  httpRequest?: Record<string, unknown>;
}
