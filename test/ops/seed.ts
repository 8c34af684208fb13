import { type AttemptRecord, layout, type RunId, type StageName, TENANT_OF } from '../../events/index.ts';
import type { TestCloud } from '../end-to-end/cloud.ts';
import { parkedAt, passed } from './run-views.ts';

/** Writes the folder of a run that was parked at its deployment, as if it had come so far. */
export async function seedDeployment(test: TestCloud, run: RunId): Promise<void> {
  const input = { ...passed, correlationid: run };
  await write(test, attempt(run, 'evaluate', { ending: input }));
  await write(test, attempt(run, 'deploy', { input, ending: { ...parkedAt('deploy'), correlationid: run } }));
}

function attempt(run: RunId, stage: StageName, rest: Partial<AttemptRecord>): AttemptRecord {
  const at = rest.ending?.time ?? new Date().toISOString();
  const cause = { source: 'test', id: rest.input?.id ?? 'before', deliveryId: '1' };
  return { run, stage, attempt: 1, cause, owner: 'test', claimedAt: at, leaseUntil: at, ...rest };
}

async function write({ storage, buckets }: TestCloud, record: AttemptRecord): Promise<void> {
  const file = storage.bucket(buckets[TENANT_OF[record.stage]]).file(layout.attemptRecord(record));
  await file.save(JSON.stringify(record), { resumable: false });
}
