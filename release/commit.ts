import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { REPOSITORY_ROOT } from './built-images.ts';

/** The commit that is released: what the pipeline says it builds, or else what is checked out. */
export async function commit(): Promise<string> {
  if (process.env.COMMIT_SHA) return process.env.COMMIT_SHA;
  const { stdout } = await promisify(execFile)('git', ['rev-parse', 'HEAD'], { cwd: REPOSITORY_ROOT });
  return stdout.trim();
}
