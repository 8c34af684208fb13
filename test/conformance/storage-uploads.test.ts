import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  contentOf,
  randomContent,
  type StorageServices,
  startStorage,
  statusOf,
} from './storage-services.ts';

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
