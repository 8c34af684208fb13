import type { LocalCloud } from '../../local/cloud.ts';
import type { Finding } from '../../ops/doctor/finding.ts';
import { commandLineTo } from '../ops/command-line.ts';

/** The shell's, from before anything leads this process to the cloud. */
const shell = { ...process.env };

/** Runs the doctor as a person does in another terminal. */
export async function doctor(
  cloud: LocalCloud,
  ...args: string[]
): Promise<{ code: number | null; output: string }> {
  const baton = await commandLineTo(cloud, shell);
  const { code, stdout } = await baton('--format', 'json', 'doctor', ...args);
  baton.close();
  return { code, output: stdout };
}

/** What is wrong, as `check resource: cause`. */
export function problemsIn(output: string): string[] {
  return (JSON.parse(output) as Finding[]).flatMap((finding) =>
    finding.status === 'ok' ? [] : [`${finding.check} ${finding.resource}: ${finding.cause}`],
  );
}
