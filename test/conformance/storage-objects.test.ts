import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  contentOf,
  putObject,
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
  services.engine.createBucket({ name: 'objects', project: 'test-project', location: 'us-central1' });
  bucket = services.storage.bucket('objects');
});
afterAll(async () => {
  await services.close();
  rmSync(stateDir, { recursive: true });
});

const put = (name: string, content?: string | Buffer) => putObject(bucket, name, content);
const text = async (name: string, generation?: string) => String(await contentOf(bucket, name, generation));

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
