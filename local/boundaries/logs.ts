/** A log entry, as Cloud Logging keeps it. */
export interface LogEntry {
  project: string;
  logName: string;
  timestamp: string;
  severity: string;
  resource: { type: string; labels: Record<string, string> };
  labels?: Record<string, string>;
  trace?: string;
  textPayload?: string;
  jsonPayload?: Record<string, unknown>;
}

export interface LogSink {
  write(entry: LogEntry): void;
}

/**
 * What Cloud Monitoring publishes to the topic of a Pub/Sub notification channel, as `{ incident, version: '1.2' }`:
 * the fields of that schema's version which do not need an alerting policy.
 */
export interface Incident {
  incident_id: string;
  scoping_project_id: string;
  url: string;
  /** Seconds since the epoch. */
  started_at: number;
  ended_at: number | null;
  state: 'open' | 'closed';
  resource_id: string;
  resource_name: string;
  resource_type_display_name: string;
  resource: { type: string; labels: Record<string, string> };
  policy_name: string;
  condition_name: string;
  summary: string;
}

/**
 * Something a client did that Google lets pass in silence and that is nearly always a mistake. Tests of the
 * handlers fail on any.
 */
export interface Lint {
  rule:
    | 'output-only-field'
    | 'unknown-field'
    | 'unknown-enum-value'
    | 'refused-host'
    | 'undelivered-notification';
  /** The gRPC method, the message type or the host. */
  subject: string;
  /** The whole finding, for people. */
  message: string;
  /** The process it was seen in, as its `ProcessSpec.label` names it, where that is known. */
  process?: string;
}
