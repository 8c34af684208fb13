import { readdirSync, readFileSync } from 'node:fs';

/** From `getconf CLK_TCK`, which is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** What a process and all its descendants use (Linux only: it reads /proc). */
export interface Usage {
  /** Resident memory summed, so that pages they share count once for each. */
  residentBytes: number;
  /** Processor time, that of descendants which have ended included. */
  cpuSeconds: number;
}

export function usageOf(root: number): Usage {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(readStat);
  const family = new Set([root]);
  // A child's number may be below its parent's once numbers wrap around, so look until nothing is added.
  for (let size = 0; size !== family.size; ) {
    size = family.size;
    for (const { pid, parent } of processes) if (family.has(parent)) family.add(pid);
  }
  const members = processes.filter(({ pid }) => family.has(pid));
  return {
    residentBytes: members.reduce((sum, { bytes }) => sum + bytes, 0),
    cpuSeconds: members.reduce((sum, { ticks }) => sum + ticks, 0) / TICKS_PER_SECOND,
  };
}

/** `pid (name) state parent …`, where the name may hold anything; times of ended children stand with their parent. */
function readStat(pid: string): { pid: number; parent: number; bytes: number; ticks: number } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const resident = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0;
    const [user, system, endedUser, endedSystem] = fields.slice(11, 15) as [number, number, number, number];
    return {
      pid: Number(pid),
      parent: fields[1]!,
      bytes: Number(resident) * 1024,
      ticks: user + system + endedUser + endedSystem,
    };
  } catch {
    // It ended since the folder was read.
    return { pid: Number(pid), parent: 0, bytes: 0, ticks: 0 };
  }
}
