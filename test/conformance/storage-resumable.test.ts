import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contentOf, randomContent, type StorageServices, startStorage } from './storage-services.ts';

const MIB = 1 << 20;
const QUANTUM = 256 * 1024;
const stateDir = mkdtempSync(join(tmpdir(), 'baton-storage-'));
let services: StorageServices;
let bucket: ReturnType<StorageServices['storage']['bucket']>;

beforeAll(async () => {
  services = await startStorage(stateDir);
  services.engine.createBucket({ name: 'uploads', project: 'test-project', location: 'us-central1' });
  bucket = services.storage.bucket('uploads');
});
afterAll(async () => {
  await services.close();
  rmSync(stateDir, { recursive: true });
});

const content = (name: string) => contentOf(bucket, name);

/** Starts a session and answers its address. */
async function beginUpload(name: string, headers: Record<string, string> = {}): Promise<string> {
  const url = `/upload/storage/v1/b/uploads/o?uploadType=resumable&name=${name}`;
  const { status, headers: answered } = await services.call({ method: 'POST', url, headers, body: '{}' });
  expect(status).toBe(200);
  return answered.get('location')!;
}

describe('resumable', () => {
  test('several megabytes arrive in one resumable request', async () => {
    const sent = randomContent(5 * MIB + 17);
    await bucket.file('large').save(sent, { resumable: true });
    expect((await content('large')).equals(sent)).toBe(true);
  });

  test('several megabytes arrive in chunks', async () => {
    const sent = randomContent(3 * MIB + 123);
    const file = bucket.file('chunked');
    const upload = file.createWriteStream({ chunkSize: 2 * QUANTUM, metadata: { contentType: 'x/z' } });
    await pipeline(Readable.from([sent.subarray(0, MIB), sent.subarray(MIB)]), upload);
    expect((await content('chunked')).equals(sent)).toBe(true);
    const [metadata] = await file.getMetadata();
    expect(metadata).toMatchObject({ size: String(sent.length), contentType: 'x/z' });
  });

  test.each([undefined, QUANTUM])(
    'an empty resumable upload with chunkSize %s makes an empty object',
    async (chunkSize) => {
      const name = `empty-${chunkSize}`;
      const upload = bucket
        .file(name)
        .createWriteStream({ resumable: true, ...(chunkSize ? { chunkSize } : {}) });
      await pipeline(Readable.from([]), upload);
      expect((await content(name)).length).toBe(0);
    },
  );

  test('a status query tells how far an upload is, and the rest completes it', async () => {
    const sent = randomContent(QUANTUM + 1000);
    const url = await beginUpload('resumed');
    const query = { method: 'PUT', url, headers: { 'content-range': `bytes */${sent.length}` } } as const;
    const untouched = await services.call(query);
    expect([untouched.status, untouched.headers.get('range')]).toEqual([308, null]);

    const first = await services.call({
      method: 'PUT',
      url,
      headers: { 'content-range': `bytes 0-${QUANTUM - 1}/${sent.length}` },
      body: sent.subarray(0, QUANTUM),
    });
    expect([first.status, first.headers.get('range')]).toEqual([308, `bytes=0-${QUANTUM - 1}`]);
    expect(await bucket.file('resumed').exists()).toEqual([false]);
    expect((await services.call(query)).headers.get('range')).toBe(`bytes=0-${QUANTUM - 1}`);

    const rest = { 'content-range': `bytes ${QUANTUM}-${sent.length - 1}/${sent.length}` };
    const last = await services.call({ method: 'PUT', url, headers: rest, body: sent.subarray(QUANTUM) });
    expect(last.status).toBe(200);
    expect((await content('resumed')).equals(sent)).toBe(true);
    const again = await services.call(query);
    expect(JSON.parse(again.body).generation).toBe(JSON.parse(last.body).generation);
  });

  test('bytes that are sent again are not stored twice', async () => {
    const sent = randomContent(QUANTUM + 500);
    const url = await beginUpload('overlap');
    const range = { 'content-range': `bytes 0-${QUANTUM - 1}/*` };
    await services.call({ method: 'PUT', url, headers: range, body: sent.subarray(0, QUANTUM) });
    const whole = { 'content-range': `bytes 0-${sent.length - 1}/${sent.length}` };
    expect((await services.call({ method: 'PUT', url, headers: whole, body: sent })).status).toBe(200);
    expect((await content('overlap')).equals(sent)).toBe(true);
  });

  test.each([
    ['a gap', `bytes ${QUANTUM}-${2 * QUANTUM - 1}/*`, 'exceeds already uploaded size'],
    ['a small chunk that is not the last', 'bytes 0-99/*', 'equal or greater than 262144'],
    ['a malformed range', 'bytes 0-99', 'Failed to parse Content-Range'],
  ])('%s is refused', async (_, range, why) => {
    const url = await beginUpload('refused');
    const { status, body } = await services.call({
      method: 'PUT',
      url,
      headers: { 'content-range': range },
      body: Buffer.alloc(100),
    });
    expect([status, body]).toEqual([400, expect.stringContaining(why)]);
  });

  test('an upload of another size than announced is refused', async () => {
    const url = await beginUpload('announced', { 'x-upload-content-length': '10' });
    const { status, body } = await services.call({ method: 'PUT', url, body: 'five!' });
    expect([status, body]).toEqual([400, expect.stringContaining('announced as 10 bytes')]);
  });

  test('a cancelled upload is gone', async () => {
    const url = await beginUpload('cancelled');
    expect((await services.call({ method: 'DELETE', url })).status).toBe(499);
    expect((await services.call({ method: 'PUT', url, body: 'late' })).status).toBe(404);
    expect(await bucket.file('cancelled').exists()).toEqual([false]);
  });

  test('a checksum that differs at the end of a resumable upload is refused', async () => {
    const url = await beginUpload('damaged-resumable');
    const headers = { 'x-goog-hash': 'crc32c=AAAAAA==' };
    expect((await services.call({ method: 'PUT', url, headers, body: 'content' })).status).toBe(400);
    expect(await bucket.file('damaged-resumable').exists()).toEqual([false]);
  });

  test('a session survives a restart', async () => {
    const sent = randomContent(QUANTUM + 42);
    const url = await beginUpload('across-restart');
    const range = { 'content-range': `bytes 0-${QUANTUM - 1}/${sent.length}` };
    await services.call({ method: 'PUT', url, headers: range, body: sent.subarray(0, QUANTUM) });
    await services.close();
    services = await startStorage(stateDir);
    bucket = services.storage.bucket('uploads');
    const query = { 'content-range': `bytes */${sent.length}` };
    const status = await services.call({ method: 'PUT', url, headers: query });
    expect([status.status, status.headers.get('range')]).toEqual([308, `bytes=0-${QUANTUM - 1}`]);
    const rest = { 'content-range': `bytes ${QUANTUM}-${sent.length - 1}/${sent.length}` };
    await services.call({ method: 'PUT', url, headers: rest, body: sent.subarray(QUANTUM) });
    expect((await content('across-restart')).equals(sent)).toBe(true);
  });
});
