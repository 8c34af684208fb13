import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import type { LocalCloud } from '../../local/cloud.ts';
import type { Finding } from '../../ops/doctor/finding.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** Runs the doctor as a person does in another terminal, led to the local cloud by what it tells to export. */
export async function doctor(
  cloud: LocalCloud,
  ...args: string[]
): Promise<{ code: number | null; output: string }> {
  const led = (await cloud.instructions()).split('\n').map((line) => line.replace('export ', '').split('='));
  const environment = Object.fromEntries(led.map(([name, ...value]) => [name, value.join('=')]));
  const child = spawn(process.execPath, ['ops/doctor.ts', ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((done) => child.once('exit', done));
  return { output: await text(child.stdout), code: await ended };
}

/** What is wrong, as `check resource: cause`. */
export function problemsIn(output: string): string[] {
  return (JSON.parse(output) as Finding[]).flatMap((finding) =>
    finding.status === 'ok' ? [] : [`${finding.check} ${finding.resource}: ${finding.cause}`],
  );
}
