import { readFileSync } from 'node:fs';
import type { RunId } from '../../events/index.ts';
import type { LocalCloudOptions } from '../../local/cloud.ts';
import { startTestCloud, type TestCloud } from '../end-to-end/cloud.ts';
import { Ledger } from './ledger.ts';

/** The settings that choose the stub workload. */
const STUB: Record<string, string> = JSON.parse(
  readFileSync(new URL('../../workloads/stub/config.json', import.meta.url), 'utf8'),
);
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
    ...options,
    config: { ...STUB, ...options.config },
    onCall: ledger.record,
  });
  return { ...test, ledger, start: (drop) => test.drop(drop, { 'train.csv': TABLE, 'eval.csv': TABLE }) };
}
