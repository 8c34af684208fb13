import type { RunId } from './identifiers.ts';
import type { StageName } from './stage.ts';

/**
 * Where things lie in a Baton bucket. The same layout holds in both tenants: the non-production bucket has the
 * stages up to `evaluate`, the production bucket has `deploy` and `monitor` of the same run.
 */
export const layout = {
  /** A drop: the folder that a data set's two files land in. */
  drop: (drop: string) => `datasets/${drop}/`,
  run: (run: RunId) => `runs/${run}/`,
  runRecord: (run: RunId) => `runs/${run}/run.json`,
  attempt: (run: RunId, stage: StageName, attempt: number) => `runs/${run}/${stage}/${attempt}/`,
  claim: (run: RunId, stage: StageName, attempt: number) => `runs/${run}/${stage}/${attempt}/claim.json`,
  operation: (run: RunId, stage: StageName, attempt: number) =>
    `runs/${run}/${stage}/${attempt}/operation.json`,
  /** The outbox: the stage's completion event, written before it is published. */
  event: (run: RunId, stage: StageName, attempt: number) => `runs/${run}/${stage}/${attempt}/event.json`,
  /** An index of operations not yet ended, so that a sweep lists these and not every run there ever was. */
  outstanding: (run: RunId, stage: StageName, attempt: number) => `outstanding/${stage}/${run}/${attempt}`,
  outstandingPrefix: 'outstanding/',
  /** The marker a workload writes last. Its own prefix, since a storage notification can filter by prefix only. */
  marker: (run: RunId, stage: StageName, attempt: number) => `signals/${run}/${stage}/${attempt}/done.json`,
  signalsPrefix: 'signals/',
  datasetsPrefix: 'datasets/',
} as const;

/** The two files that make a drop complete. */
export const DROP_FILES = { train: 'train.csv', eval: 'eval.csv' } as const;
export type DropFile = keyof typeof DROP_FILES;
