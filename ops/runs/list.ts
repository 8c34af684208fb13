import type { Storage } from '@google-cloud/storage';
import { layout, RunId } from '../../events/index.ts';
import { inOrder } from '../concurrency.ts';
import { fits, type RunFilter } from './filter.ts';
import { unlessMalformed } from './objects.ts';
import { type Buckets, type RunView, readRun } from './run-view.ts';
import { summaryOf } from './summary.ts';

/** How many runs are read side by side: each is two listings and a read per attempt. */
const CONCURRENCY = 8;

/**
 * The runs that a filter means, the latest first. Only those that are asked for are read whole: the listing that finds
 * them answers 1,000 objects a page, one per run, or one per attempt where a time is given.
 *
 * @param tell hears of runs that cannot be read
 */
export async function* listRuns(
  storage: Storage,
  buckets: Buckets,
  filter: RunFilter,
  tell: (problem: string) => void,
): AsyncGenerator<RunView> {
  const found = filter.since
    ? await changedSince(storage, buckets, filter.since)
    : await begun(storage, buckets);
  const latestFirst = [...found].sort(([, left], [, right]) => (left < right ? 1 : -1)).map(([run]) => run);
  for await (const view of inOrder(latestFirst, CONCURRENCY, (run) =>
    unlessMalformed(readRun(storage, buckets, run), tell),
  )) {
    if (view && fits(summaryOf(view), filter)) yield view;
  }
}

/** Every run, with when it began. */
async function begun(storage: Storage, { nonprod }: Buckets): Promise<Map<RunId, string>> {
  const runs = new Map<RunId, string>();
  await eachObject(storage, nonprod, layout.runRecord('*' as RunId), (run, { timeCreated }) =>
    runs.set(run, timeCreated),
  );
  return runs;
}

/** The runs of which an attempt has changed since, with when it did. */
async function changedSince(storage: Storage, buckets: Buckets, since: Date): Promise<Map<RunId, string>> {
  const runs = new Map<RunId, string>();
  for (const bucket of new Set(Object.values(buckets))) {
    await eachObject(storage, bucket, 'runs/*/*/*/attempt.json', (run, { updated }) => {
      if (new Date(updated) < since) return;
      if (updated > (runs.get(run) ?? '')) runs.set(run, updated);
    });
  }
  return runs;
}

interface Times {
  timeCreated: string;
  updated: string;
}

async function eachObject(
  storage: Storage,
  bucket: string,
  matchGlob: string,
  take: (run: RunId, times: Times) => void,
): Promise<void> {
  const prefix = matchGlob.slice(0, matchGlob.indexOf('*'));
  const files = storage.bucket(bucket).getFilesStream({ prefix, matchGlob });
  for await (const { name, metadata } of files as AsyncIterable<{ name: string; metadata: Times }>) {
    const run = RunId.safeParse(name.slice(prefix.length).split('/')[0]);
    if (run.success) take(run.data, metadata);
  }
}
