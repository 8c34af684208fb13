import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '../../local/ports.ts';

export interface Launch {
  script: string;
  cwd: string;
  target: string;
}

/**
 * Starts each process so many times, in turns, and takes milliseconds from exec until it listens: by the clock, and
 * of processor time in all its threads (Linux only: it reads /proc), which a busy machine changes less.
 */
export async function toListening(launches: Map<string, Launch>, times: number) {
  const elapsed = new Map<string, number[]>();
  const processor = new Map<string, number[]>();
  const note = (samples: Map<string, number[]>, name: string, value: number) =>
    samples.set(name, [...(samples.get(name) ?? []), value]);
  for (let turn = 0; turn < times; turn++) {
    for (const [name, { script, cwd, target }] of launches) {
      const [port] = await freePorts(1);
      const begin = performance.now();
      const child = spawn(process.execPath, [script], {
        cwd,
        env: { PATH: process.env.PATH, PORT: String(port), FUNCTION_TARGET: target, NODE_ENV: 'production' },
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      await listening(child, port, name);
      note(elapsed, name, performance.now() - begin);
      note(processor, name, processorMs(child.pid!));
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  return { elapsed, processor };
}

async function listening(child: ChildProcess, port: number, name: string): Promise<void> {
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`${name} ended with exit code ${child.exitCode}`);
    await delay(1);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** The processor time of all threads of a process so far, in milliseconds (Linux only). */
export function processorMs(pid: number): number {
  const nanoseconds = readdirSync(`/proc/${pid}/task`).map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, value) => sum + value, 0) / 1e6;
}
