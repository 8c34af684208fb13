import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { CheckedWorkload } from '../../ops/workloads/report.ts';
import { run } from '../ops/command-line.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const scratch = mkdtempSync(join(tmpdir(), 'baton-check-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** `baton workloads …` in the repository; what it leaves behind would be in the scratch folder. */
const workloads = (...args: string[]) =>
  run(['--format', 'json', 'workloads', ...args], { ...process.env, TMPDIR: scratch }, ROOT);

const leftBehind = () => readdirSync(scratch).filter((name) => name.startsWith('baton-'));

/** The stub makes its figures up, the number of rows too; nor does it measure slices. */
const WARNED: Record<string, string[]> = {
  churn: [],
  stub: ['evaluate-rows', 'evaluate-slices'],
  census: [],
};

describe('baton workloads check', () => {
  it.each(Object.keys(WARNED))('finds that %s keeps the contract', async (name) => {
    const { code, stdout, stderr } = await workloads('check', `workloads/${name}`).answer;
    expect(code, stderr + stdout).toBe(0);
    const { kept, findings, notChecked } = JSON.parse(stdout) as CheckedWorkload;
    expect(kept).toBe(true);
    // The stack files name census.
    expect(notChecked).toEqual(name === 'census' ? ['config-names'] : []);
    expect(findings.flatMap(({ rule, status }) => (status === 'ok' ? [] : [rule]))).toEqual(WARNED[name]);
    expect(leftBehind()).toEqual([]);
  });

  it('interrupted ends what it started, and leaves nothing behind', async () => {
    const check = workloads('check', 'workloads/churn');
    await expect.poll(check.said, { timeout: 120_000 }).toContain('checking train');
    check.interrupt();
    const { code, stdout } = await check.answer;
    expect([code, stdout]).toEqual([130, '']);
    expect(leftBehind()).toEqual([]);
  });

  it.each([
    [3, 'there is no folder', ['check', 'workloads/none']],
    [2, 'is not in a folder named workloads', ['check', 'docs']],
    [2, 'expected a duration', ['check', 'workloads/churn', '--timeout', 'long']],
    [2, 'expected lower-case letters', ['new', '../mine']],
    [4, 'already', ['new', 'stub']],
  ])('ends with %i and "%s" for %j', async (expected, said, args) => {
    const { code, stderr } = await workloads(...args).answer;
    expect([code, stderr]).toEqual([expected, expect.stringContaining(said)]);
    expect(existsSync(join(ROOT, '../mine'))).toBe(false);
  });
});

it("churn's sample is what its generator makes", () => {
  const sample = join(ROOT, 'workloads/churn/sample');
  copyFileSync(join(sample, 'generate.py'), join(scratch, 'generate.py'));
  expect(spawnSync('python3', [join(scratch, 'generate.py')]).status).toBe(0);
  for (const file of ['train.csv', 'eval.csv']) {
    expect(readFileSync(join(sample, file), 'utf8')).toBe(readFileSync(join(scratch, file), 'utf8'));
  }
});
