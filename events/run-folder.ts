import { AttemptKey } from './records.ts';

/**
 * Where things lie in a Baton bucket. The same layout holds in both tenants: the non-production bucket has the
 * stages up to `evaluate`, the production bucket has those from `approve` on.
 */
export const layout = {
  /** A drop: the folder that a data set's two files land in. */
  drop: (drop: string) => `datasets/${drop}/`,
  run: (run: string) => `runs/${run}/`,
  runRecord: (run: string) => `runs/${run}/run.json`,
  /** The folder of an attempt of a stage. */
  attempt: (run: string, stage: string, attempt: number) => `runs/${run}/${stage}/${attempt}/`,
  /** The attempt's record: claim, outbox and ending in one object. */
  attemptRecord: ({ run, stage, attempt }: AttemptKey) => `runs/${run}/${stage}/${attempt}/attempt.json`,
  /** What an attempt of `approve` waits for somebody to decide, and the decision. */
  approvalRequest: ({ run, stage, attempt }: AttemptKey) => `runs/${run}/${stage}/${attempt}/approval.json`,
  decision: ({ run, stage, attempt }: AttemptKey) => `runs/${run}/${stage}/${attempt}/decision.json`,
  /** The request that an attempt of `rollback` answers, written before it is published. */
  rollbackRequest: ({ run, stage, attempt }: AttemptKey) => `runs/${run}/${stage}/${attempt}/request.json`,
  duplicates: ({ run, stage, attempt }: AttemptKey) => `runs/${run}/${stage}/${attempt}/duplicates/`,
  /** A delivery that found nothing left to do. */
  duplicate: (key: AttemptKey, deliveryId: string) =>
    `${layout.duplicates(key)}${encodeURIComponent(deliveryId)}.json`,
  replays: (run: string) => `runs/${run}/replays/`,
  replay: (run: string, attempt: number) => `runs/${run}/replays/${attempt}.json`,
  /** A message that no handler took; the subscription by its short name. */
  parked: (subscription: string, messageId: string) =>
    `parked/${subscription.split('/').at(-1)}/${encodeURIComponent(messageId)}.json`,
  parkedPrefix: 'parked/',
  /** An index of operations not yet ended, so that a sweep lists these and not every run there ever was. */
  outstanding: ({ run, stage, attempt }: AttemptKey) => `outstanding/${stage}/${run}/${attempt}`,
  outstandingPrefix: 'outstanding/',
  /** The marker that a workload writes last, and `decide` after a decision. Its own prefix, since a storage notification can filter by prefix only. */
  marker: (run: string, stage: string, attempt: number) => `signals/${run}/${stage}/${attempt}/done.json`,
  signalsPrefix: 'signals/',
  /** What Vertex AI's monitoring reads and writes. */
  monitoringPrefix: 'monitoring/',
  analysisSchema: (model: string) => `monitoring/${model}/analysis-schema.yaml`,
  /** That a feature's anomaly was published; the last part is the event's id. */
  anomaly: (eventId: string) => `anomalies/${eventId}.json`,
  /** The retraining run that a monitoring window was answered with. */
  retraining: (occasion: string) => `retraining/${occasion}.json`,
  /** The run that a tick of the schedule asked for. */
  scheduled: (occasion: string) => `scheduled/${occasion}.json`,
  datasetsPrefix: 'datasets/',
} as const;

/** The attempt that a workload's marker tells of, if the object is one. */
export function attemptOfMarker(object: string): AttemptKey | undefined {
  const [, run, stage, attempt] = /^signals\/([^/]+)\/([^/]+)\/(\d+)\/done\.json$/.exec(object) ?? [];
  return AttemptKey.safeParse({ run, stage, attempt: Number(attempt) }).data;
}

/** The attempt that an outstanding marker belongs to, if the object is one. */
export function attemptOfOutstanding(object: string): AttemptKey | undefined {
  const [, stage, run, attempt] = /^outstanding\/([^/]+)\/([^/]+)\/(\d+)$/.exec(object) ?? [];
  return AttemptKey.safeParse({ run, stage, attempt: Number(attempt) }).data;
}

/** The two files that make a drop complete. */
export const DROP_FILES = { train: 'train.csv', eval: 'eval.csv' } as const;
export type DropFile = keyof typeof DROP_FILES;
