import pc from 'picocolors';
import type { CheckedWorkload, Finding } from './report.ts';
import { PARTS, partOf } from './rules.ts';

const MARKS = { error: pc.red('✗'), warning: pc.yellow('!') };
const INDENT = '              ';

/** How each part stands, and below what breaks the contract: where, what was found and what is expected. */
export function renderCheck({ workload, kept, findings, notChecked }: CheckedWorkload): string {
  const parts = PARTS.map((part) => {
    const ofPart = findings.filter(({ rule }) => partOf(rule) === part);
    const well = ofPart.filter(({ status }) => status === 'ok').length;
    const missing = notChecked.filter((rule) => partOf(rule) === part).length;
    const counts = ofPart.length === 0 ? 'not checked' : `${well} of ${ofPart.length} ok`;
    const rest = ofPart.length > 0 && missing > 0 ? `, ${missing} not checked` : '';
    return `${part.padEnd(12)}${counts}${rest}`;
  });
  const problems = findings.flatMap((finding) => (finding.status === 'ok' ? [] : [problem(finding)]));
  const verdict = kept
    ? pc.green(`${workload} keeps the contract of a workload.`)
    : pc.red(`${workload} breaks the contract of a workload.`);
  return [parts.join('\n'), ...problems, verdict].join('\n\n');
}

function problem({ rule, status, place, found, expected }: Finding): string {
  const mark = MARKS[status === 'warning' ? 'warning' : 'error'];
  const lines = (text: string) => text.trimEnd().replaceAll('\n', `\n${INDENT}`);
  return `${mark} ${pc.bold(rule)}  ${place}\n  found       ${lines(found ?? '')}\n  expected    ${expected}`;
}
