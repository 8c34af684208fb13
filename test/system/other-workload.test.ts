import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, expect, it } from 'vitest';
import type { Report } from '../../ops/runs/report.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const state = mkdtempSync(join(tmpdir(), 'baton-start-'));
afterAll(() => rmSync(state, { recursive: true, force: true }));

it('a workload in another language and on other columns runs to a monitored endpoint', async () => {
  const args = ['start', '--silent', '--', '--workload', 'churn', '--state', state, '--json'];
  const child = spawn('npm', args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, progress, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  const report = JSON.parse(output || '{}') as Report;
  expect({ code, state: report.state }, progress).toEqual({ code: 0, state: 'monitored' });
  expect(report.run).toMatch(/^churn-/);
  expect(report.rows).toEqual({ train: 600, eval: 300 });
  expect(report.metrics?.auc).toBeGreaterThan(0.85);
  expect(report.endpoint).toMatch(/\/endpoints\/churn$/);
  expect(report.prediction?.instance).toHaveProperty('tenure_months');
  expect(report.prediction?.prediction).toBeGreaterThan(0);
  expect(progress).not.toContain('lint:');
});
