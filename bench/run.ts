import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Report } from '../ops/runs/report.ts';
import { usageOf } from './processes.ts';

/**
 * Measures the main job as a user runs it: a first start on an empty state folder, then a second one on what the
 * first left. Prints wall seconds, seconds per stage, and the peak of the resident memory of all processes,
 * summed, so that pages they share count once for each (Linux only: it reads /proc).
 */
const ROOT = resolve(import.meta.dirname, '..');
const SAMPLE_MS = 100;
const { values } = parseArgs({
  options: { data: { type: 'string' }, starts: { type: 'string', default: '2' } },
});

console.log(`node ${process.version}, ${cpus().length} cores, ${values.data ?? 'a synthetic sample'}`);
const state = mkdtempSync(join(tmpdir(), 'baton-bench-'));
try {
  for (let start = 1; start <= Number(values.starts); start++) console.log(await measure(start));
} finally {
  rmSync(state, { recursive: true, force: true });
}

async function measure(start: number): Promise<string> {
  const begin = performance.now();
  const args = ['ops/start.ts', '--json', '--state', state, ...(values.data ? ['--data', values.data] : [])];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  let peak = 0;
  const sampling = setInterval(() => {
    peak = Math.max(peak, usageOf(child.pid ?? 0).residentBytes);
  }, SAMPLE_MS);
  const [code] = await once(child, 'exit');
  clearInterval(sampling);
  const seconds = (performance.now() - begin) / 1000;
  const report = JSON.parse(output) as Report;
  const stages = report.stages.map(
    ({ stage, startedAt, endedAt }) =>
      `${stage} ${((Date.parse(endedAt ?? startedAt) - Date.parse(startedAt)) / 1000).toFixed(1)}`,
  );
  return `start ${start}: ${report.state} (exit ${code}) in ${seconds.toFixed(1)} s, peak ${(peak / 2 ** 20).toFixed(0)} MiB resident, accuracy ${report.metrics?.accuracy.toFixed(4)}; seconds per stage: ${stages.join(', ')}`;
}
