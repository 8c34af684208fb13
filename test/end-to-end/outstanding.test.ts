import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { layout, RunId } from '../../events/index.ts';
import { listOutstanding } from '../../handlers/runtime/outstanding.ts';
import { type StorageServices, startStorage } from '../conformance/storage-services.ts';

const BUCKET = 'outstanding-bucket';
const MARKERS = 1001;
const stateDir = mkdtempSync(join(tmpdir(), 'baton-outstanding-'));
const calls: string[] = [];
let services: StorageServices;

beforeAll(async () => {
  services = await startStorage(stateDir, {
    authorize: ({ permission }) => void calls.push(permission),
  });
  const bucket = services.storage.bucket(BUCKET);
  await bucket.create({ location: 'us-central1' });
  const names = Array.from({ length: MARKERS }, (_, i) =>
    layout.outstanding({ run: RunId.parse(`run-${i}`), stage: 'train', attempt: 1 }),
  );
  const write = async () => {
    for (let name = names.pop(); name; name = names.pop()) {
      const metadata = { metadata: { fence: '7', resources: 'projects/p/locations/l/customJobs/1' } };
      await bucket.file(name).save('{}', { resumable: false, metadata });
    }
  };
  await Promise.all(Array.from({ length: 16 }, write));
  calls.length = 0;
});
afterAll(async () => {
  await services.close();
  rmSync(stateDir, { recursive: true });
});

it('thousands of outstanding operations are known by one call per thousand', async () => {
  const outstanding = await listOutstanding(BUCKET);
  expect(outstanding).toHaveLength(MARKERS);
  expect(outstanding[0]).toMatchObject({
    stage: 'train',
    resources: ['projects/p/locations/l/customJobs/1'],
  });
  expect(calls).toEqual(Array(2).fill('storage.objects.list'));
});
