import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { StorageEngine } from '../../local/storage/storage-engine.ts';
import { type StorageServices, startStorage } from './storage-services.ts';

let stateDir: string;
let services: StorageServices;

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'baton-storage-'));
  services = await startStorage(stateDir);
  services.engine.createBucket({ name: 'lasting', project: 'test-project', location: 'us-central1' });
});
afterEach(async () => {
  await services.close();
  rmSync(stateDir, { recursive: true });
});

async function restart(): Promise<void> {
  await services.close();
  services = await startStorage(stateDir);
}

test("a second start sees the first one's buckets, objects and notifications", async () => {
  const bucket = services.storage.bucket('lasting');
  await bucket.file('runs/r1/run.json').save('{}', { resumable: false, metadata: { metadata: { a: '1' } } });
  await bucket.file('a//odd').save('odd', { resumable: false });
  await bucket.file('gone').save('x', { resumable: false });
  await bucket.file('gone').delete();
  services.engine.declareNotification('lasting', { topic: 'projects/test-project/topics/changes' });
  const [before] = await bucket.file('runs/r1/run.json').getMetadata();

  await restart();
  const again = services.storage.bucket('lasting');
  const [files] = await again.getFiles();
  expect(files.map(({ name }) => name)).toEqual(['a//odd', 'runs/r1/run.json']);
  expect(await again.file('runs/r1/run.json').getMetadata()).toEqual([before, expect.anything()]);
  expect(String((await again.file('a//odd').download())[0])).toBe('odd');
  await again.file('new').save('x', { resumable: false });
  expect(services.published.map(({ attributes }) => attributes.objectId)).toEqual(['new']);
});

test('generations increase across restarts even when the clock goes back', async () => {
  await services.close();
  const clocks = [2_000_000, 1_000_000, 1_000_000];
  const generations: number[] = [];
  for (const nowMs of clocks) {
    const engine = new StorageEngine({ stateDir, nowMs: () => nowMs });
    for (const name of ['x', 'y']) {
      generations.push(Number((await engine.write('lasting', name, Buffer.from('x'))).generation));
    }
    engine.delete('lasting', 'y');
    engine.close();
  }
  expect(generations).toEqual([...generations].sort((a, b) => a - b));
  expect(new Set(generations).size).toBe(6);
  services = await startStorage(stateDir);
});

test('metadata that a crash tore off is forgotten, and the rest is kept', async () => {
  await services.storage.bucket('lasting').file('kept').save('x', { resumable: false });
  await services.close();
  appendFileSync(join(stateDir, 'storage/lasting/metadata.jsonl'), '{"put":{"object":{"name":"to');
  services = await startStorage(stateDir);
  await services.storage.bucket('lasting').file('later').save('x', { resumable: false });
  await restart();
  expect(services.engine.list('lasting', '').map(({ name }) => name)).toEqual(['kept', 'later']);
});

test('a thousand overwrites later the last one stands', async () => {
  for (let index = 0; index < 1000; index++) {
    await services.engine.write('lasting', `hot/${index % 3}`, Buffer.from(String(index)));
  }
  await restart();
  const [content] = await services.storage.bucket('lasting').file('hot/0').download();
  expect(String(content)).toBe('999');
});
