import Table from 'cli-table3';
import pc from 'picocolors';
import type { Finding } from './finding.ts';

const MARKS = { ok: pc.green('ok'), warning: pc.yellow('warning'), failure: pc.red('failure') };

/** What is wrong, one row each with what to do, below how many of each check are well. */
export function renderFindings(findings: Finding[]): string {
  const checks = [...Map.groupBy(findings, ({ check }) => check)].map(([check, of]) => {
    const well = of.filter(({ status }) => status === 'ok').length;
    return `${well === of.length ? MARKS.ok : '  '} ${check}: ${well} of ${of.length}`;
  });
  const problems = findings.flatMap((finding) =>
    finding.status === 'ok'
      ? []
      : [[MARKS[finding.status], finding.check, finding.resource, finding.cause, finding.advice]],
  );
  if (problems.length === 0) return `${checks.join('\n')}\n`;
  const table = new Table({
    head: ['', 'Check', 'Resource', 'Cause', 'What to do'],
    style: { head: [], border: [] },
    colWidths: [9, 17, 48, 48, 44],
    wordWrap: true,
    wrapOnWordBoundary: false,
  });
  table.push(...problems);
  return `${checks.join('\n')}\n${table.toString()}\n`;
}
