export type JobState =
  | 'JOB_STATE_QUEUED'
  | 'JOB_STATE_RUNNING'
  | 'JOB_STATE_DONE'
  | 'JOB_STATE_FAILED'
  | 'JOB_STATE_CANCELLED';

const TERMINAL = new Set<JobState>(['JOB_STATE_DONE', 'JOB_STATE_FAILED', 'JOB_STATE_CANCELLED']);

export type Importance =
  | 'JOB_MESSAGE_DEBUG'
  | 'JOB_MESSAGE_DETAILED'
  | 'JOB_MESSAGE_BASIC'
  | 'JOB_MESSAGE_WARNING'
  | 'JOB_MESSAGE_ERROR';

export interface JobMessage {
  id: string;
  /** RFC 3339. */
  time: string;
  messageText: string;
  messageImportance: Importance;
}

/** What the launch asked of the workers. Nothing of it changes how the job runs here; all of it is shown. */
export interface JobEnvironment {
  serviceAccountEmail?: string;
  kmsKeyName?: string;
  network?: string;
  subnetwork?: string;
  ipConfiguration?: string;
  tempLocation?: string;
  stagingLocation?: string;
  machineType?: string;
  numWorkers?: number;
  maxWorkers?: number;
}

/** How many lines and rows a job has seen. */
export interface JobCounters {
  linesRead: number;
  linesDropped: number;
  rowsWritten: number;
}

/** A Dataflow job, as this machine keeps it. Times are RFC 3339. */
export interface DataflowJob {
  id: string;
  projectId: string;
  location: string;
  name: string;
  type: 'JOB_TYPE_BATCH';
  currentState: JobState;
  currentStateTime: string;
  requestedState?: JobState;
  createTime: string;
  startTime: string;
  labels: Record<string, string>;
  environment: JobEnvironment;
  templatePath: string;
  parameters: Record<string, string>;
  messages: JobMessage[];
  counters?: JobCounters;
}

export function isTerminal(job: DataflowJob): boolean {
  return TERMINAL.has(job.currentState);
}
