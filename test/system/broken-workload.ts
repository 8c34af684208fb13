import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import { checkWorkload } from '../../ops/workloads/check.ts';
import { sampleFolder, workloadFolder } from '../../ops/workloads/folder.ts';
import { copyWorkload } from '../../ops/workloads/new.ts';
import type { CheckedWorkload } from '../../ops/workloads/report.ts';
import type { Rule } from '../../ops/workloads/rules.ts';

const CHURN = resolve(import.meta.dirname, '../../workloads/churn');
/** Where the copies lie; whoever checks removes it. */
export const repository = mkdtempSync(join(tmpdir(), 'baton-workloads-'));

/** A change of one file: what stands in it by what, `undefined` for the whole of it, `null` for no file. */
export type Change = [file: string, from: string | undefined, to: string | null];
export type Breach = [Rule, found: RegExp];

/** A copy of churn with what is changed in it, checked. */
export async function checked(changes: Change[]): Promise<CheckedWorkload> {
  const directory = join(repository, 'workloads', 'mine');
  rmSync(directory, { recursive: true, force: true });
  copyWorkload(CHURN, directory);
  for (const [file, from, to] of changes) change(join(directory, file), from, to);
  const folder = workloadFolder(directory);
  return checkWorkload({
    ...{ folder, sample: sampleFolder(folder, undefined), parameters: {} },
    ...{ timeoutMs: 60_000, signal: new AbortController().signal, onPart: () => {} },
  });
}

function change(path: string, from: string | undefined, to: string | null): void {
  if (to === null) rmSync(path);
  else if (from === undefined) writeFileSync(path, to);
  else {
    const text = readFileSync(path, 'utf8');
    expect(text, path).toContain(from);
    writeFileSync(path, text.replace(from, to));
  }
}

const problems = ({ findings }: CheckedWorkload, status: 'error' | 'warning') =>
  findings.filter((finding) => finding.status === status).map(({ rule }) => rule);

/** What the Dockerfile of a role has of a kind. */
export const lineOf = (role: string, kind: RegExp) =>
  String(kind.exec(readFileSync(join(CHURN, role, 'Dockerfile'), 'utf8')));

/** That a check found these breaches in their order, these warnings, and nothing else. */
export async function expectBreaches(
  report: CheckedWorkload,
  breaches: Breach[],
  warnings: Rule[] = [],
): Promise<void> {
  expect(problems(report, 'error')).toEqual(breaches.map(([rule]) => rule));
  const errors = report.findings.filter(({ status }) => status === 'error');
  for (const [index, [, found]] of breaches.entries()) expect(errors[index].found).toMatch(found);
  expect(problems(report, 'warning')).toEqual(warnings);
  expect(report.kept).toBe(false);
}
