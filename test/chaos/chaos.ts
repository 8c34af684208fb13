import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Meter } from '../../bench/meter.ts';
import type { RunId } from '../../events/index.ts';
import bundleForTests from '../end-to-end/bundles.ts';
import { type StubCloud, startStubCloud } from './stub-cloud.ts';
import { faultsFoundIn } from './verdict.ts';
import { stormy } from './weather.ts';

/**
 * Starts many runs of the stub workload while everything goes wrong now and then, and says whether each of them ended
 * as it must: `npm run chaos -- --runs 1000 --seed 7`. The seed decides what goes wrong.
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(randomInt(1_000_000)) },
    /** How many runs are under way together. */
    'at-once': { type: 'string', default: '50' },
  },
});
const [count, seed, atOnce] = [values.runs, values.seed, values['at-once']].map(Number) as [
  number,
  number,
  number,
];
/** A run waits for leases and redeliveries, and for its turn on this machine. */
const PATIENCE_MS = 300_000 + atOnce * 5000;
/** The last events are told before the last markers are taken away, and a lost answer costs a lease. */
const SETTLE_MS = 180_000;
const LOOK_AGAIN_MS = 2000;
const PROGRESS_MS = 15_000;
/** Long enough for a healthy handler on a busy machine; what a crash leaves is taken up after it. */
const CONFIG = { 'baton:leaseSeconds': '10', 'baton:redeliverySeconds': '1' };

console.log(`${count} runs, seed ${seed}, ${atOnce} at once`);
const removeBundles = await bundleForTests();
const cloud = await startStubCloud({ config: CONFIG, faults: stormy(seed) });
const meter = new Meter();
const progress = setInterval(() => console.log(figures(cloud)), PROGRESS_MS);
try {
  const runs = await startAll(cloud);
  const found = await foundInTheEnd(cloud, runs);
  clearInterval(progress);
  console.log(figures(cloud));
  report(cloud, runs);
  for (const fault of found.slice(0, 50)) console.error(fault);
  console.log(`${found.length} violations`);
  if (found.length > 0) {
    console.error(`Again: npm run chaos -- --runs ${count} --seed ${seed} --at-once ${atOnce}`);
    process.exitCode = 1;
  }
} finally {
  clearInterval(progress);
  meter.stop();
  await cloud.close();
  removeBundles();
}

/** As soon as a run has ended, the next one starts. One that takes too long is left behind, and found out later. */
async function startAll({ start, ledger }: StubCloud): Promise<RunId[]> {
  const runs: RunId[] = [];
  let started = 0;
  await Promise.all(
    Array.from({ length: Math.min(atOnce, count) }, async () => {
      while (started < count) {
        const run = await start(`chaos-${started++}`);
        runs.push(run);
        await ledger.ended([run], PATIENCE_MS).catch((error: Error) => console.error(error.message));
      }
    }),
  );
  return runs;
}

/** What is found fault with for good. What is only late has its time; what was done twice or lost is found every time. */
async function foundInTheEnd(cloud: StubCloud, runs: RunId[]): Promise<string[]> {
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const found = await faultsFoundIn(cloud, runs);
    if (found.length === 0 || performance.now() > deadline) return found;
    await delay(LOOK_AGAIN_MS);
  }
}

/** One line on what has been done so far and what it cost. */
function figures({ ledger }: StubCloud): string {
  const { seconds, cpuSeconds, peakBytes } = meter.read();
  const ended = Math.max(ledger.ends.size, 1);
  return [
    `${seconds.toFixed(0).padStart(5)} s: ${ledger.ends.size} of ${count} runs ended`,
    `${(ended / seconds).toFixed(2)} runs/s`,
    `${(cpuSeconds / ended).toFixed(2)} CPU-seconds and ${(ledger.objectWrites / ended).toFixed(1)} object writes a run`,
    `peak ${(peakBytes / 2 ** 20).toFixed(0)} MiB`,
  ].join(', ');
}

function report({ ledger, cloud }: StubCloud, runs: RunId[]): void {
  const ends = Object.entries(Object.groupBy(runs, (run) => ledger.ends.get(run)?.event ?? 'lost'));
  console.log(ends.map(([end, those]) => `${those?.length} ${end}`).join(', '));
  const faults = Object.entries(
    Object.groupBy(cloud.injectedFaults(), ({ at, effect }) => `${at} ${JSON.stringify(effect)}`),
  );
  for (const [what, those] of faults) console.log(`  ${those?.length} × ${what}`);
}
