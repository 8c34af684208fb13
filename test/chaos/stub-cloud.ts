import { existsSync, mkdtempSync, readFileSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunId } from '../../events/index.ts';
import type { LocalCloudOptions } from '../../local/cloud.ts';
import { startTestCloud, type TestCloud } from '../end-to-end/cloud.ts';
import { Ledger } from './ledger.ts';

/** The settings that choose the stub workload. */
const STUB: Record<string, string> = JSON.parse(
  readFileSync(new URL('../../workloads/stub/config.json', import.meta.url), 'utf8'),
);
/** A file system in memory, on Linux, and how much of it must be free: a run's files take some 0.3 MiB. */
const MEMORY = '/dev/shm';
const NEEDED_BYTES = 4 * 2 ** 30;
const TABLE = 'amount,label\n1,yes\n2,no\n3,yes\n4,no\n';

/** A local cloud with the stub workload, and the account of what happens in it. */
export interface StubCloud extends TestCloud {
  ledger: Ledger;
  /** Drops a data set of the stub's, and answers the run that it starts. */
  start(drop: string): Promise<RunId>;
}

export async function startStubCloud(options: Partial<LocalCloudOptions> = {}): Promise<StubCloud> {
  const ledger = new Ledger();
  const test = await startTestCloud({
    idleMs: 60_000,
    stateDir: mkdtempSync(join(folder(), 'baton-stub-')),
    ...options,
    config: { ...STUB, ...options.config },
    onCall: ledger.record,
  });
  return { ...test, ledger, start: (drop) => test.drop(drop, { 'train.csv': TABLE, 'eval.csv': TABLE }) };
}

/** In memory where there is room: nothing of this outlives its process, and what is measured is not this disk. */
function folder(): string {
  if (!existsSync(MEMORY)) return tmpdir();
  const { bavail, bsize } = statfsSync(MEMORY);
  return bavail * bsize > NEEDED_BYTES ? MEMORY : tmpdir();
}
