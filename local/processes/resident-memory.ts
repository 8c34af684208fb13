import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** The resident memory of all processes in the process groups given, in bytes. Shared pages count in each. */
export function residentBytes(groups: ReadonlySet<number>): number {
  if (groups.size === 0) return 0;
  return process.platform === 'linux' ? fromProc(groups) : fromPs(groups);
}

function fromProc(groups: ReadonlySet<number>): number {
  let kilobytes = 0;
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      if (!groups.has(groupOf(readFileSync(`/proc/${pid}/stat`, 'utf8')))) continue;
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      kilobytes += Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
    } catch {
      // It ended since the folder was read.
    }
  }
  return kilobytes * 1024;
}

/** `pid (name) state parent group …`, where the name may hold anything, parentheses too. */
function groupOf(stat: string): number {
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
}

function fromPs(groups: ReadonlySet<number>): number {
  const kilobytes = execFileSync('ps', ['-axo', 'pgid=,rss='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([group]) => groups.has(group ?? 0))
    .reduce((sum, [, rss]) => sum + (rss ?? 0), 0);
  return kilobytes * 1024;
}
