import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contentOf, putObject, type StorageServices, startStorage, statusOf } from './storage-services.ts';

const stateDir = mkdtempSync(join(tmpdir(), 'baton-storage-'));
let services: StorageServices;
let bucket: ReturnType<StorageServices['storage']['bucket']>;

beforeAll(async () => {
  services = await startStorage(stateDir);
  services.engine.createBucket({ name: 'objects', project: 'test-project', location: 'us-central1' });
  bucket = services.storage.bucket('objects');
});
afterAll(async () => {
  await services.close();
  rmSync(stateDir, { recursive: true });
});

const put = (name: string, content?: string | Buffer) => putObject(bucket, name, content);
const text = async (name: string, generation?: string) => String(await contentOf(bucket, name, generation));

describe('preconditions', () => {
  test('of many concurrent creators with ifGenerationMatch 0 exactly one wins', async () => {
    const attempts = Array.from({ length: 20 }, async (_, index) =>
      statusOf(
        bucket.file('claim').save(`owner ${index}`, {
          resumable: index % 5 === 0,
          preconditionOpts: { ifGenerationMatch: 0 },
        }),
      ),
    );
    const statuses = await Promise.all(attempts);
    expect(statuses.filter((status) => status === undefined)).toHaveLength(1);
    expect(statuses.filter((status) => status === 412)).toHaveLength(19);
    expect(await text('claim')).toBe(`owner ${statuses.indexOf(undefined)}`);
  });

  test('of many concurrent writers on one generation exactly one wins', async () => {
    const generation = await put('fenced', 'start');
    const statuses = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        statusOf(
          bucket.file('fenced').save(String(index), {
            resumable: false,
            preconditionOpts: { ifGenerationMatch: generation },
          }),
        ),
      ),
    );
    expect(statuses.filter((status) => status === undefined)).toHaveLength(1);
  });

  test.each([
    ['ifGenerationMatch', 'live', 'other'],
    ['ifGenerationNotMatch', 'other', 'live'],
    ['ifMetagenerationMatch', '1', '7'],
    ['ifMetagenerationNotMatch', '7', '1'],
  ])('%s guards writes, metadata and deletes', async (parameter, holds, fails) => {
    const live = await put('guarded');
    const value = (which: string) => ({ live, other: '12345' })[which] ?? which;
    const url = (which: string) => `/storage/v1/b/objects/o/guarded?${parameter}=${value(which)}`;
    const json = { 'content-type': 'application/json' };
    for (const request of [
      { method: 'PATCH', url: url(fails), headers: json, body: '{"metadata":{"a":"b"}}' },
      { method: 'DELETE', url: url(fails) },
      {
        method: 'POST',
        url: `/upload/storage/v1/b/objects/o?uploadType=media&name=guarded&${parameter}=${value(fails)}`,
        body: 'x',
      },
    ] as const) {
      const { status, body } = await services.call(request);
      expect(status).toBe(412);
      expect(JSON.parse(body).error.errors[0].reason).toBe('conditionNotMet');
    }
    const read = await services.call({ url: url(fails) });
    expect(read.status).toBe(parameter.includes('Not') ? 304 : 412);
    expect((await services.call({ method: 'DELETE', url: url(holds) })).status).toBe(204);
  });

  test('ifGenerationNotMatch 0 asks for an object that exists', async () => {
    const url = '/upload/storage/v1/b/objects/o?uploadType=media&name=absent&ifGenerationNotMatch=0';
    expect((await services.call({ method: 'POST', url, body: 'x' })).status).toBe(412);
  });

  test('a value that is no number is refused', async () => {
    const url = '/storage/v1/b/objects/o/any?ifGenerationMatch=newest';
    await put('any');
    expect((await services.call({ url })).status).toBe(400);
  });
});

describe('metadata', () => {
  test('a patch merges custom metadata, clears with null and counts the metageneration', async () => {
    await bucket.file('patched').save('x', { resumable: false, metadata: { metadata: { a: '1', b: '2' } } });
    const file = bucket.file('patched');
    await file.setMetadata({ metadata: { b: null, c: '3' }, cacheControl: 'no-store' });
    const [metadata] = await file.getMetadata();
    expect(metadata.metadata).toEqual({ a: '1', c: '3' });
    expect(metadata).toMatchObject({ cacheControl: 'no-store', metageneration: '2', size: '1' });
  });

  test('an update clears what it leaves out', async () => {
    await bucket
      .file('updated')
      .save('x', { resumable: false, metadata: { metadata: { a: '1' }, contentType: 't/u' } });
    const { body } = await services.call({
      method: 'PUT',
      url: '/storage/v1/b/objects/o/updated',
      headers: { 'content-type': 'application/json' },
      body: '{"metadata":{"b":"2"}}',
    });
    expect(JSON.parse(body)).toMatchObject({ metadata: { b: '2' }, contentType: 'application/octet-stream' });
    expect(JSON.parse(body).metadata).not.toHaveProperty('a');
  });

  test('a hold is refused as not implemented', async () => {
    await put('held');
    await expect(bucket.file('held').setMetadata({ temporaryHold: true })).rejects.toThrow('temporaryHold');
  });
});

describe('deletes', () => {
  test('a deleted object is gone, and deleting it again is NOT_FOUND', async () => {
    await put('deleted');
    await bucket.file('deleted').delete();
    expect(await statusOf(bucket.file('deleted').delete())).toBe(404);
  });

  test('a delete of an overwritten generation leaves the live one', async () => {
    const old = await put('kept', 'old');
    await put('kept', 'new');
    expect(await statusOf(bucket.file('kept', { generation: old }).delete())).toBe(404);
    expect(await text('kept')).toBe('new');
  });
});

describe('copies', () => {
  test('a copy has the content and metadata of its source, in another bucket too', async () => {
    services.engine.createBucket({ name: 'target', project: 'test-project', location: 'eu' });
    await bucket
      .file('source')
      .save('copied', { resumable: false, metadata: { contentType: 'c/t', metadata: { a: '1' } } });
    await bucket.file('source').copy(services.storage.bucket('target').file('deep/copy'));
    const copy = services.storage.bucket('target').file('deep/copy');
    expect(String((await copy.download())[0])).toBe('copied');
    const [metadata] = await copy.getMetadata();
    expect(metadata).toMatchObject({ contentType: 'c/t', metadata: { a: '1' }, metageneration: '1' });
  });

  test('a copy with metadata of its own replaces that of the source', async () => {
    await bucket.file('source2').save('x', { resumable: false, metadata: { metadata: { a: '1' } } });
    await bucket.file('source2').copy('copy2', { metadata: { b: '2' } });
    const [metadata] = await bucket.file('copy2').getMetadata();
    expect(metadata.metadata).toEqual({ b: '2' });
  });

  test('a copy obeys the preconditions on its target', async () => {
    await put('source3');
    await put('occupied');
    const copy = bucket
      .file('source3')
      .copy(bucket.file('occupied'), { preconditionOpts: { ifGenerationMatch: 0 } });
    expect(await statusOf(copy)).toBe(412);
  });

  test('a move leaves only the new name', async () => {
    await put('from', 'moved');
    await bucket.file('from').move('to');
    expect(await text('to')).toBe('moved');
    expect(await bucket.file('from').exists()).toEqual([false]);
  });

  test('compose concatenates in order, without MD5', async () => {
    for (const part of ['p1', 'p2', 'p3']) await put(part);
    const [composed] = await bucket.combine(['p2', 'p1', 'p3'], 'all.txt');
    expect(await text('all.txt')).toBe('p2p1p3');
    const [metadata] = await composed.getMetadata();
    expect(metadata).toMatchObject({ componentCount: 3, size: '6', contentType: 'text/plain' });
    expect(metadata.md5Hash).toBeUndefined();
  });
});

test('unknown methods answer 501 and their name', async () => {
  const { status, body } = await services.call({ method: 'POST', url: '/storage/v1/b/objects/o/x/restore' });
  expect([status, body]).toEqual([501, expect.stringContaining('restore')]);
});
