import { expect, vi } from 'vitest';
import type { RunId } from '../../events/index.ts';
import { crashPointsOf } from './crash-points.ts';
import { describeCrashes, type Schedule } from './crashes.ts';
import { rollBack } from './publish.ts';

const PATIENCE_MS = 120_000;
const rolledBack = new Set(crashPointsOf('rollback').map(({ drop }) => drop));

// One after another: of two runs that reach production at once, the older one is superseded and meets no crash.
const schedule: Schedule = async (cloud, drops) => {
  const { start, ledger } = cloud;
  // The first run creates the endpoint and its monitoring job; all others find them.
  await ledger.ended([await start('first')], PATIENCE_MS);
  const runs = new Map<string, RunId>();
  for (const drop of drops) {
    const run = await start(drop);
    runs.set(drop, run);
    await ledger.ended([run], PATIENCE_MS);
    if (!rolledBack.has(drop)) continue;
    const ending = await rollBack(cloud, run);
    await vi.waitFor(() => expect(ledger.published.has(ending)).toBe(true), { timeout: PATIENCE_MS });
  }
  return runs;
};

// Each has a champion to be compared with, so that approve has a job to lose.
describeCrashes('prod', schedule, { 'baton:championMargin': '{"accuracy":0.01}' });
