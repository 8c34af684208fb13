import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from './errors.ts';
import { log } from './log.ts';

/**
 * Runs a container's work and turns its failure into a log line and an exit status: 2 when the input is wrong,
 * 1 otherwise.
 */
export async function runContainer(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const wrongInput = error instanceof InputError;
    const message = wrongInput || !(error instanceof Error) ? String(error) : (error.stack ?? error.message);
    log('ERROR', message);
    process.exitCode = wrongInput ? 2 : 1;
  }
}

/** Lends a scratch folder that is gone when the work ends, whichever way it ends. */
export async function withTemporaryFolder<Result>(
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'census-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
