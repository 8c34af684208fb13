import type { RunSummary } from './summary.ts';

/** What runs can be chosen by with `--where`, all of a run's summary. */
export const RUN_FIELDS = ['state', 'stage', 'model', 'drop', 'code'] as const;
export type RunField = (typeof RUN_FIELDS)[number];

/** Which runs are meant: those with these values that began or changed since. */
export interface RunFilter {
  where: Partial<Record<RunField, string>>;
  since?: Date;
}

/** Whether a run is one of those meant. */
export function fits(run: RunSummary, { where, since }: RunFilter): boolean {
  if (since && new Date(run.changedAt) < since) return false;
  return Object.entries(where).every(([field, value]) => run[field as RunField] === value);
}
