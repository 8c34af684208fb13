import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { STAGES } from '../events/index.ts';
import { type StubCloud, startStubCloud } from '../test/chaos/stub-cloud.ts';
import bundleForTests from '../test/end-to-end/bundles.ts';
import { Meter } from './meter.ts';

/**
 * Measures what Baton itself costs, on stub workloads: runs one after another, then many at once. Everything runs on
 * this machine, Google's services included, so the figures are an upper bound of Baton's own part.
 */

/** The stub trains and evaluates for 50 ms each. */
const WORK_MS = 100;
const { values } = parseArgs({
  options: {
    alone: { type: 'string', default: '20' },
    'at-once': { type: 'string', default: '100,1000' },
  },
});

console.log(`node ${process.version}, ${cpus().length} cores, stub workload`);
const removeBundles = await bundleForTests();
const test = await startStubCloud();
try {
  for (let run = 0; run < 2; run++) await test.ledger.ended([await test.start(`warm-up-${run}`)], 120_000);
  console.log(await measure(`${values.alone} one after another`, oneAfterAnother(Number(values.alone))));
  for (const count of values['at-once'].split(',').filter(Boolean).map(Number)) {
    console.log(await measure(`${count} at once`, atOnce(count)));
  }
} finally {
  await test.close();
  removeBundles();
}

/** The time of each run, in milliseconds, from the drop of its second file until its last event was published. */
type Runs = (test: StubCloud) => Promise<number[]>;

function oneAfterAnother(count: number): Runs {
  return async ({ start, ledger }) => {
    const times: number[] = [];
    for (let number = 0; number < count; number++) {
      const run = await start(`alone-${number}`);
      const dropped = performance.now();
      const [{ at }] = await ledger.ended([run], 60_000);
      times.push(at - dropped);
    }
    return times;
  };
}

function atOnce(count: number): Runs {
  return async ({ start, ledger }) => {
    const began = performance.now();
    const runs: string[] = [];
    const drops = Array.from({ length: count }, (_, number) => `at-once-${count}-${number}`);
    // Sixteen droppers, as many as make the local Cloud Storage busy.
    await Promise.all(
      Array.from({ length: 16 }, async () => {
        for (let drop = drops.pop(); drop; drop = drops.pop()) runs.push(await start(drop));
      }),
    );
    const ends = await ledger.ended(runs, count * 10_000);
    return ends.map(({ at }) => at - began);
  };
}

async function measure(name: string, runs: Runs): Promise<string> {
  const { ledger } = test;
  const writes = ledger.objectWrites;
  const meter = new Meter();
  const times = (await runs(test)).sort((left, right) => left - right);
  const { seconds, cpuSeconds, peakBytes } = meter.read();
  meter.stop();
  const count = times.length;
  const at = (share: number) => times[Math.min(count - 1, Math.floor(share * count))]!;
  const endings = Object.entries(Object.groupBy(ledger.ends.values(), ({ event }) => event));
  return [
    `${name}: ${seconds.toFixed(1)} s, ${(count / seconds).toFixed(2)} runs/s`,
    `run p50 ${at(0.5).toFixed(0)} ms, p95 ${at(0.95).toFixed(0)} ms`,
    `per hop p50 ${((at(0.5) - WORK_MS) / STAGES.length).toFixed(0)} ms`,
    `${(cpuSeconds / count).toFixed(2)} CPU-seconds and ${((ledger.objectWrites - writes) / count).toFixed(1)} object writes a run`,
    `peak ${(peakBytes / 2 ** 20).toFixed(0)} MiB`,
    `doubled effects ${ledger.doubled.length}`,
    `so far ${endings.map(([event, ends]) => `${ends?.length} ${event}`).join(', ')}`,
  ].join('; ');
}
