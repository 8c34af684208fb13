import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { startOutstanding } from '../test/end-to-end/outstanding-operations.ts';

/**
 * Measures what a sweep of `settle` costs by how many operations are outstanding, all of them custom jobs at work.
 * Handler, Cloud Storage and Vertex AI are in this one process, so the processor time is that of both sides.
 */
const SWEEPS = 5;
const { values } = parseArgs({ options: { counts: { type: 'string', default: '100,1000,10000' } } });

console.log(`node ${process.version}, ${cpus().length} cores, the middle one of ${SWEEPS} sweeps`);
const operations = await startOutstanding();
let outstanding = 0;
for (const count of values.counts.split(',').map(Number)) {
  await operations.mark('train', count - outstanding);
  outstanding = count;
  const sweeps: { calls: number; cpuMs: number }[] = [];
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const before = process.cpuUsage();
    const calls = await operations.sweep();
    const { user, system } = process.cpuUsage(before);
    sweeps.push({ calls: calls.length, cpuMs: (user + system) / 1000 });
  }
  const { calls, cpuMs } = sweeps.sort((left, right) => left.cpuMs - right.cpuMs)[Math.floor(SWEEPS / 2)]!;
  console.log(
    `${count} outstanding: ${calls} calls, ${cpuMs.toFixed(0)} ms of processor time, ${((cpuMs / count) * 1000).toFixed(0)} µs each`,
  );
}
await operations.close();
process.exit(0);
