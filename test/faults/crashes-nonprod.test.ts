import { describeCrashes } from './crashes.ts';

/** How long all of it may take: far above what it does, so that it ends visibly where a run is stuck. */
const PATIENCE_MS = 600_000;

// All at once: a crash takes the other runs that its process was at with it, and they must end well all the same.
describeCrashes('nonprod', async ({ start, ledger }, drops) => {
  await ledger.ended([await start('first')], PATIENCE_MS);
  const runs = new Map(await Promise.all(drops.map(async (drop) => [drop, await start(drop)] as const)));
  await ledger.ended([...runs.values()], PATIENCE_MS);
  return runs;
});
