import { setTimeout as delay } from 'node:timers/promises';
import type { Storage } from '@google-cloud/storage';
import type { RunId } from '../../events/index.ts';
import { isUnderWay } from './run-state.ts';
import { type Buckets, type RunView, readRun, type StageView } from './run-view.ts';

export interface WatchOptions {
  pollMs: number;
  /** How long a run may stand still before it counts as stalled. */
  stallMs: number;
  signal: AbortSignal;
  onChange: (stage: StageView, view: RunView) => void;
}

/**
 * Follows a run by its folders until it ends, and calls back for each change of a stage. Reads what any operator
 * can read, so it works on a laptop and on a real project alike.
 *
 * @returns the run as it ended, and whether it stood still for too long instead
 */
export async function watchRun(
  storage: Storage,
  buckets: Buckets,
  run: RunId,
  { pollMs, stallMs, signal, onChange }: WatchOptions,
): Promise<{ view: RunView; stalled: boolean }> {
  const seen = new Map<string, string>();
  let lastChange = Date.now();
  for (;;) {
    const view = await readRun(storage, buckets, run);
    for (const stage of view.stages) {
      const key = `${stage.stage}/${stage.attempt}`;
      const now = `${stage.state} ${stage.operation?.join()} ${stage.progress?.share}`;
      if (seen.get(key) === now) continue;
      seen.set(key, now);
      lastChange = Date.now();
      onChange(stage, view);
    }
    if (!isUnderWay(view)) return { view, stalled: false };
    if (Date.now() - lastChange > stallMs) return { view, stalled: true };
    await delay(pollMs, undefined, { signal });
  }
}
