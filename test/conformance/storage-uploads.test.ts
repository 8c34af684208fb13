import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomContent, type StorageServices, startStorage, statusOf } from './storage-services.ts';

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

async function content(name: string): Promise<Buffer> {
  const [bytes] = await bucket.file(name).download();
  return bytes;
}

/** Starts a session and answers its address. */
async function beginUpload(name: string, headers: Record<string, string> = {}): Promise<string> {
  const url = `/upload/storage/v1/b/uploads/o?uploadType=resumable&name=${name}`;
  const { status, headers: answered } = await services.call({ method: 'POST', url, headers, body: '{}' });
  expect(status).toBe(200);
  return answered.get('location')!;
}

describe('one request', () => {
  test('a multipart upload keeps content, type and metadata', async () => {
    const sent = randomContent(300_000);
    const file = bucket.file('multipart.bin');
    await file.save(sent, { resumable: false, metadata: { contentType: 'x/y', metadata: { run: 'r1' } } });
    const [metadata] = await file.getMetadata();
    expect(metadata).toMatchObject({
      size: '300000',
      contentType: 'x/y',
      metadata: { run: 'r1' },
      md5Hash: createHash('md5').update(sent).digest('base64'),
      metageneration: '1',
    });
    expect(await content('multipart.bin')).toEqual(sent);
  });

  test('content that looks like multipart boundaries arrives as sent', async () => {
    const sent = Buffer.from('\r\n--boundary--\r\n\r\n--\r\n');
    await bucket.file('boundaries').save(sent, { resumable: false });
    expect(await content('boundaries')).toEqual(sent);
  });

  test.each(['\r\n', '\n'])('a multipart body with line ends %j is read', async (newline) => {
    const parts = [
      '--sep',
      'Content-Type: application/json; charset=UTF-8',
      '',
      '{"name":"by-hand"}',
      '--sep',
      'Content-Type: text/csv',
      '',
      'a,b',
      '--sep--',
      '',
    ];
    const { status, body } = await services.call({
      method: 'POST',
      url: '/upload/storage/v1/b/uploads/o?uploadType=multipart',
      headers: { 'content-type': 'multipart/related; boundary="sep"' },
      body: parts.join(newline),
    });
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ name: 'by-hand', contentType: 'text/csv', size: '3' });
    expect(String(await content('by-hand'))).toBe('a,b');
  });

  test('a multipart body that breaks off is refused and leaves no object', async () => {
    const { status, body } = await services.call({
      method: 'POST',
      url: '/upload/storage/v1/b/uploads/o?uploadType=multipart&name=torn',
      headers: { 'content-type': 'multipart/related; boundary=sep' },
      body: '--sep\r\n\r\n{}\r\n--sep\r\n\r\nhalf of it',
    });
    expect([status, body]).toEqual([400, expect.stringContaining('closing boundary')]);
    expect(await bucket.file('torn').exists()).toEqual([false]);
    expect(services.engine.staging.names()).toEqual([]);
  });

  test('a simple upload takes the name from the query and the type from the header', async () => {
    const { status, body } = await services.call({
      method: 'POST',
      url: '/upload/storage/v1/b/uploads/o?uploadType=media&name=dir%2Fplain.txt',
      headers: { 'content-type': 'text/plain' },
      body: 'hello',
    });
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ name: 'dir/plain.txt', contentType: 'text/plain', size: '5' });
    expect(JSON.parse(body).crc32c).toBe('mnG7TA==');
  });

  test('an empty object can be made and read', async () => {
    await bucket.file('empty').save('', { resumable: false });
    expect((await content('empty')).length).toBe(0);
  });

  test.each([{ crc32c: 'AAAAAA==' }, { md5Hash: 'AAAAAAAAAAAAAAAAAAAAAA==' }])(
    'content that differs from its declared checksum %j is refused with 400',
    async (checksums) => {
      const file = bucket.file('damaged');
      const save = file.save('content', { resumable: false, metadata: checksums, validation: false });
      expect(await statusOf(save)).toBe(400);
      expect(await file.exists()).toEqual([false]);
    },
  );

  test('a wrong X-Goog-Hash is refused with 400', async () => {
    const { status, body } = await services.call({
      method: 'POST',
      url: '/upload/storage/v1/b/uploads/o?uploadType=media&name=damaged',
      headers: { 'x-goog-hash': 'crc32c=AAAAAA==' },
      body: 'content',
    });
    expect([status, body]).toEqual([400, expect.stringContaining("doesn't match calculated CRC32C")]);
  });

  test('an upload to a bucket that does not exist is NOT_FOUND', async () => {
    const file = services.storage.bucket('no-such-bucket').file('x');
    expect(await statusOf(file.save('x', { resumable: false }))).toBe(404);
  });

  test('a name that Cloud Storage does not allow is refused', async () => {
    expect(await statusOf(bucket.file('a\nb').save('x', { resumable: false }))).toBe(400);
    expect(await statusOf(bucket.file('é'.repeat(513)).save('x', { resumable: false }))).toBe(400);
  });

  test('an unimplemented parameter answers 501 and names it', async () => {
    const { status, body } = await services.call({
      method: 'POST',
      url: '/upload/storage/v1/b/uploads/o?uploadType=media&name=x&predefinedAcl=publicRead',
      body: 'x',
    });
    expect([status, body]).toEqual([501, expect.stringContaining('predefinedAcl')]);
  });
});

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
