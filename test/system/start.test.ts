import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { stagesFrom } from '../../events/index.ts';
import type { Report } from '../../ops/runs/report.ts';
import { CENSUS } from '../end-to-end/cloud.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** The real tables where they are beside the project, the synthetic sample elsewhere; the same bounds hold for both. */
const onCensus = existsSync(CENSUS);
const state = mkdtempSync(join(tmpdir(), 'baton-start-'));
afterAll(() => rmSync(state, { recursive: true, force: true }));

/** `npm start`, as a user types it. */
function start(...args: string[]): { child: ChildProcess; output: Promise<string>; progress: () => string } {
  const child = spawn('npm', ['start', '--silent', '--', '--state', state, ...args], {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let progress = '';
  child.stderr?.on('data', (chunk) => {
    progress += chunk;
  });
  const output = (async () => {
    let text = '';
    for await (const chunk of child.stdout ?? []) text += chunk;
    return text;
  })();
  return { child, output, progress: () => progress };
}

/** The other processes of this machine whose command line or environment speaks of the state folder. */
function processesOf(folder: string): string[] {
  const others = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid);
  return others.filter((pid) =>
    ['cmdline', 'environ'].some((file) => readIfThere(`/proc/${pid}/${file}`).includes(folder)),
  );
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

describe('npm start', () => {
  it('ends deployed and monitored, and prints the run as one JSON document', async () => {
    const { child, output, progress } = start('--json', ...(onCensus ? ['--data', CENSUS] : []));
    const [code] = await once(child, 'exit');
    const report = JSON.parse(await output) as Report;
    expect({ code, state: report.state }, progress()).toEqual({ code: 0, state: 'monitored' });
    expect(report.synthetic).toBe(!onCensus);
    expect(report.rows).toEqual({ train: 32561, eval: onCensus ? 16278 : 16281 });
    expect(report.metrics?.accuracy).toBeGreaterThanOrEqual(0.87);
    expect(report.metrics?.auc).toBeGreaterThanOrEqual(0.926);
    expect(report.gate?.decision).toBe('passed');
    expect(report.model).toMatchObject({ version: '1', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(Object.values(report.trafficSplit ?? {})).toEqual([100]);
    expect(report.rollout).toBe('promoted');
    expect(report.prediction?.prediction).toBeGreaterThan(0);
    expect(report.monitoringJob).toMatch(/modelDeploymentMonitoringJobs/);
    expect(report.stages.map((stage) => [stage.stage, stage.attempt, stage.state])).toEqual(
      stagesFrom('prepare').map((stage) => [stage, 1, 'completed']),
    );
    expect(progress()).not.toContain('lint:');
    expect(processesOf(state)).toEqual([]);
  });

  it('a second time finds the model and the endpoint, and the new version joins with its share', async () => {
    const { child, output, progress } = start('--json', '--rows', '4000');
    const [code] = await once(child, 'exit');
    const report = JSON.parse(await output) as Report;
    expect({ code, state: report.state }, progress()).toEqual({ code: 0, state: 'monitored' });
    expect(report.synthetic).toBe(true);
    expect(report.model?.version).toBe('2');
    expect(Object.values(report.trafficSplit ?? {}).sort()).toEqual([25, 75]);
    expect(report.rollout).toMatchObject({ share: 25, next: 50 });
    expect(processesOf(state)).toEqual([]);
  });

  it.each([
    ['while booting', 'booting the local cloud'],
    ['while ingesting', 'ingest'],
    ['while training', 'train '],
  ])('interrupted %s stops everything it started', async (_when, sign) => {
    const { child, progress } = start('--rows', '4000');
    await expect.poll(progress, { timeout: 120_000 }).toContain(sign);
    // As a terminal does it: to the whole foreground process group.
    process.kill(-(child.pid as number), 'SIGINT');
    await once(child, 'exit');
    await expect.poll(() => processesOf(state), { timeout: 30_000 }).toEqual([]);
  });

  it('refuses a folder without the two files, naming it', async () => {
    const { child, progress } = start('--data', ROOT);
    const [code] = await once(child, 'exit');
    expect(code).toBe(1);
    expect(progress()).toMatch(/has neither train.csv nor eval.csv/);
  });
});
