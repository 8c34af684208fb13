import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Launch, LaunchReport, Stream } from './launch-protocol.ts';
import { signalGroup } from './process-groups.ts';

/**
 * The small process that starts all others of a local cloud (launcher.ts). When the local cloud is gone, however that
 * ended, it kills them and ends.
 */
const OUTPUT_GRACE_MS = 500;
const running = new Set<number>();

const report = (message: LaunchReport) => process.send?.(message);

process.on('message', (launch: Launch) => start(launch));
process.on('disconnect', () => {
  for (const group of running) signalGroup(group, 'SIGKILL');
  process.exit();
});

/** Starts a process in a group of its own. When it ends, so does what is left of its group. */
function start({ id, command, args, cwd, env }: Launch): void {
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const { pid } = child;
  if (pid === undefined) {
    child.once('error', ({ message }) => report({ id, failed: message }));
    return;
  }
  running.add(pid);
  report({ id, started: pid });
  for (const stream of ['stdout', 'stderr'] as const) reportLines(child, id, stream);
  child.once('exit', () => {
    signalGroup(pid, 'SIGKILL');
    // A descendant that left the group may hold the output open for ever.
    setTimeout(() => closeOutput(child), OUTPUT_GRACE_MS).unref();
  });
  child.once('close', (code, signal) => {
    running.delete(pid);
    report({ id, exit: { code, signal } });
  });
}

function reportLines(child: ChildProcess, id: number, stream: Stream): void {
  const lines = createInterface({ input: child[stream] as Readable, crlfDelay: Number.POSITIVE_INFINITY });
  lines.on('line', (line) => report({ id, line, stream }));
}

function closeOutput(child: ChildProcess): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
}
