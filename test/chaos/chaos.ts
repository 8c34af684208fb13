import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { RunId } from '../../events/index.ts';
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
const PATIENCE_MS = 120_000 + count * 2000;
/** The last events are told before the last markers are taken away. */
const SETTLE_MS = 15_000;
/** Long enough for a healthy handler on a busy machine; what a crash leaves is taken up after it. */
const CONFIG = { 'baton:leaseSeconds': '10', 'baton:redeliverySeconds': '1' };

console.log(`${count} runs, seed ${seed}, ${atOnce} at once`);
const began = performance.now();
const cloud = await startStubCloud({ config: CONFIG, faults: stormy(seed) });
try {
  const runs = await startAll(cloud);
  await cloud.ledger.ended(runs, PATIENCE_MS).catch((error: Error) => console.error(error.message));
  const found = await finallyFoundIn(cloud, runs);
  report(cloud, runs);
  for (const fault of found.slice(0, 50)) console.error(fault);
  console.log(`${found.length} violations`);
  if (found.length > 0) {
    console.error(`Again: npm run chaos -- --runs ${count} --seed ${seed} --at-once ${atOnce}`);
    process.exitCode = 1;
  }
} finally {
  await cloud.close();
}

/** As soon as a run has ended, the next one starts. */
async function startAll({ start, ledger }: StubCloud): Promise<RunId[]> {
  const runs: RunId[] = [];
  let started = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (started < count) {
        const run = await start(`chaos-${started++}`);
        runs.push(run);
        await ledger.ended([run], PATIENCE_MS).catch(() => undefined);
      }
    }),
  );
  return runs;
}

async function finallyFoundIn(cloud: StubCloud, runs: RunId[]): Promise<string[]> {
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const found = await faultsFoundIn(cloud, runs);
    if (found.length === 0 || performance.now() > deadline) return found;
    await delay(1000);
  }
}

function report({ ledger, cloud }: StubCloud, runs: RunId[]): void {
  const seconds = (performance.now() - began) / 1000;
  const ends = Object.entries(Object.groupBy(runs, (run) => ledger.ends.get(run)?.event ?? 'lost'));
  console.log(
    `${seconds.toFixed(0)} s, ${(runs.length / seconds).toFixed(1)} runs/s: ${ends.map(([end, those]) => `${those?.length} ${end}`).join(', ')}`,
  );
  const faults = Object.entries(
    Object.groupBy(cloud.injectedFaults(), ({ at, effect }) => `${at} ${JSON.stringify(effect)}`),
  );
  for (const [what, those] of faults) console.log(`  ${those?.length} × ${what}`);
}
