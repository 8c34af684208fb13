import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomContent, type StorageServices, startStorage, statusOf } from './storage-services.ts';

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

async function put(name: string, content: string | Buffer = name): Promise<string> {
  const file = bucket.file(name);
  await file.save(content, { resumable: false });
  return String(file.metadata.generation);
}

async function text(name: string, generation?: string): Promise<string> {
  const [bytes] = await bucket.file(name, generation ? { generation } : {}).download();
  return bytes.toString();
}

describe('reads', () => {
  test.each([
    [{ start: 0, end: 3 }, 'abcd'],
    [{ start: 4 }, 'efghij'],
    [{ start: 8, end: 100 }, 'ij'],
    [{ end: -3 }, 'hij'],
  ])('the range %j answers its bytes', async (range, expected) => {
    await put('ranged', 'abcdefghij');
    const [bytes] = await bucket.file('ranged').download(range);
    expect(bytes.toString()).toBe(expected);
  });

  test('a range beyond the end is refused with 416', async () => {
    await put('short', 'abc');
    expect(await statusOf(bucket.file('short').download({ start: 3 }))).toBe(416);
  });

  test('the live generation can be read by its number, an overwritten one is gone', async () => {
    const first = await put('versions', 'one');
    const second = await put('versions', 'two');
    expect(BigInt(second) > BigInt(first)).toBe(true);
    expect(await text('versions', second)).toBe('two');
    expect(await statusOf(text('versions', first))).toBe(404);
  });

  test('a reader keeps its generation while the object is overwritten', async () => {
    const before = randomContent(8 << 20);
    await put('read-while-written', before);
    const stream = services.engine.read('objects', 'read-while-written');
    await put('read-while-written', 'after');
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).equals(before)).toBe(true);
  });

  test('a missing object is NOT_FOUND and named', async () => {
    await expect(bucket.file('missing').getMetadata()).rejects.toThrow('No such object: objects/missing');
  });

  test('content stored as gzip is decompressed for a reader who does not accept gzip', async () => {
    await bucket.file('zipped').save(gzipSync('plain'), {
      resumable: false,
      metadata: { contentEncoding: 'gzip', contentType: 'text/plain' },
    });
    const url = '/storage/v1/b/objects/o/zipped?alt=media';
    const plain = await services.call({ url, headers: { 'accept-encoding': 'identity' } });
    expect([plain.body, plain.headers.get('x-goog-stored-content-encoding')]).toEqual(['plain', 'gzip']);
    expect(await text('zipped')).toBe('plain');
  });

  test('the download path answers media too', async () => {
    await put('by-download-path', 'content');
    const { body } = await services.call({
      url: '/download/storage/v1/b/objects/o/by-download-path?alt=media',
    });
    expect(body).toBe('content');
  });
});

describe('names', () => {
  const names = [
    'plain/path/file.json',
    'with space/ü/日本語/😀.txt',
    'a//double',
    'a/../b',
    'trailing/',
    '.hidden',
    'percent%2Fencoded',
    'query?x=1#y',
    'CON:*|"<>',
    `${'long'.repeat(255)}.end`,
    'node',
    'node/child',
    'Node',
  ];

  test.each(names)('the name %j is kept exactly', async (name) => {
    await put(name, `content of ${name}`);
    expect(await text(name)).toBe(`content of ${name}`);
    const [files] = await bucket.getFiles({ prefix: name });
    expect(files.map((file) => file.name)).toContain(name);
    await bucket.file(name).delete();
    expect(await bucket.file(name).exists()).toEqual([false]);
  });

  test('an object and objects below its name live together', async () => {
    for (const name of ['run', 'run/a', 'run/a/b', 'Run']) await put(name);
    for (const name of ['run', 'run/a', 'run/a/b', 'Run']) expect(await text(name)).toBe(name);
    await bucket.file('run').delete();
    expect(await text('run/a/b')).toBe('run/a/b');
  });

  test('content lies on disk under the name of its object', async () => {
    await put('runs/r1/train/attempt.json', '{"attempt":1}');
    const file = join(stateDir, 'storage/objects/objects/runs/r1/train/attempt.json');
    expect(readFileSync(file, 'utf8')).toBe('{"attempt":1}');
    expect(services.engine.path('objects', 'runs/r1/train/attempt.json')).toBe(file);
    await bucket.file('runs/r1/train/attempt.json').delete();
    expect(existsSync(join(stateDir, 'storage/objects/objects/runs'))).toBe(false);
  });
});

describe('lists', () => {
  const names = ['l/a', 'l/b/1', 'l/b/2', 'l/c', 'l/d/x/y', 'l/é', 'l/\uff5e', 'l/😀'];
  beforeAll(async () => {
    for (const name of [...names].reverse()) await put(name);
  });

  test('names come in UTF-8 order, with the prefix, whatever order they were made in', async () => {
    const [files] = await bucket.getFiles({ prefix: 'l/' });
    expect(files.map(({ name }) => name)).toEqual(names);
  });

  test('a delimiter folds names into prefixes', async () => {
    const [files, , response] = await bucket.getFiles({ prefix: 'l/', delimiter: '/', autoPaginate: false });
    expect(files.map(({ name }) => name)).toEqual(['l/a', 'l/c', 'l/é', 'l/\uff5e', 'l/😀']);
    expect(response).toMatchObject({ prefixes: ['l/b/', 'l/d/'] });
  });

  test.each([undefined, '/'])('pages with delimiter %j add up to the whole', async (delimiter) => {
    const paged: string[] = [];
    let pageToken: string | undefined;
    do {
      const query = { prefix: 'l/', maxResults: 2, autoPaginate: false, ...(delimiter ? { delimiter } : {}) };
      const [files, , answer] = await bucket.getFiles({ ...query, ...(pageToken ? { pageToken } : {}) });
      const { prefixes = [], nextPageToken } = answer as { prefixes?: string[]; nextPageToken?: string };
      expect(files.length + prefixes.length).toBeLessThanOrEqual(2);
      paged.push(...files.map(({ name }) => name), ...prefixes);
      pageToken = nextPageToken;
    } while (pageToken);
    const folded = ['l/a', 'l/b/', 'l/c', 'l/d/', 'l/é', 'l/\uff5e', 'l/😀'];
    expect(paged.sort()).toEqual([...(delimiter ? folded : names)].sort());
  });

  test.each([
    ['l/?', ['l/a', 'l/c', 'l/é', 'l/\uff5e', 'l/😀']],
    ['l/*/*', ['l/b/1', 'l/b/2']],
    ['l/**/y', ['l/d/x/y']],
    ['l/b.1', []],
  ])('matchGlob %s answers the names that have the pattern', async (matchGlob, expected) => {
    const [files] = await bucket.getFiles({ matchGlob });
    expect(files.map(({ name }) => name)).toEqual(expected);
  });

  test('offsets bound the names', async () => {
    const [files] = await bucket.getFiles({ prefix: 'l/', startOffset: 'l/b/2', endOffset: 'l/d' });
    expect(files.map(({ name }) => name)).toEqual(['l/b/2', 'l/c']);
  });

  test('a page goes on after its last name even when that is deleted meanwhile', async () => {
    for (const name of ['p/1', 'p/2', 'p/3']) await put(name);
    const query = { prefix: 'p/', maxResults: 2, autoPaginate: false };
    const [, next] = await bucket.getFiles(query);
    await bucket.file('p/2').delete();
    const [rest] = await bucket.getFiles({ ...query, ...next });
    expect(rest.map(({ name }) => name)).toEqual(['p/3']);
  });

  test('what is not implemented is refused by name', async () => {
    await expect(bucket.getFiles({ matchGlob: '{a,b}' })).rejects.toThrow('matchGlob');
    await expect(bucket.getFiles({ softDeleted: true })).rejects.toThrow('softDeleted');
  });
});

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
