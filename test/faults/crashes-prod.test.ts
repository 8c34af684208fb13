import type { RunId } from '../../events/index.ts';
import { describeCrashes, type Schedule } from './crashes.ts';

const PATIENCE_MS = 120_000;

// One after another: of two runs that reach production at once, the older one is superseded and meets no crash.
const schedule: Schedule = async ({ start, ledger }, drops) => {
  // The first run creates the endpoint and its monitoring job; all others find them.
  await ledger.ended([await start('first')], PATIENCE_MS);
  const runs = new Map<string, RunId>();
  for (const drop of drops) {
    const run = await start(drop);
    runs.set(drop, run);
    await ledger.ended([run], PATIENCE_MS);
  }
  return runs;
};

// Each has a champion to be compared with, so that approve has a job to lose.
describeCrashes('prod', schedule, { 'baton:championMargin': '{"accuracy":0.01}' });
