import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { censusRow, censusTable, smallTable, startTestCloud, type TestCloud } from './cloud.ts';

const GOOD = smallTable();
const rows = (count: number, row: (index: number) => string) =>
  censusTable(Array.from({ length: count }, (_, index) => row(index)));

/** Each bad drop, and what the refusal has to say: the code, the file, the offending text. */
const BAD_DROPS: Record<
  string,
  { files: Parameters<TestCloud['drop']>[1]; code: string; stage: string; says: (string | RegExp)[] }
> = {
  'a file missing for good': {
    files: { 'train.csv': GOOD },
    stage: 'prepare',
    code: 'BATON_FILE_MISSING',
    says: ['eval.csv', 'had not landed'],
  },
  'an empty file': {
    files: { 'train.csv': '', 'eval.csv': GOOD },
    stage: 'prepare',
    code: 'BATON_FILE_EMPTY',
    says: ['train.csv', '0 bytes'],
  },
  'a header without rows': {
    files: { 'train.csv': GOOD, 'eval.csv': censusTable([]) },
    stage: 'prepare',
    code: 'BATON_NO_ROWS',
    says: ['eval.csv', 'age,workclass'],
  },
  'a binary file': {
    files: { 'train.csv': Buffer.from([0x1f, 0x8b, 0x08, 0x00, 0xff, 0xfe]), 'eval.csv': GOOD },
    stage: 'prepare',
    code: 'BATON_FILE_BINARY',
    says: ['train.csv', '1f8b0800fffe'],
  },
  'wrong columns': {
    files: { 'train.csv': GOOD.replace('hours_per_week', 'hours'), 'eval.csv': GOOD },
    stage: 'prepare',
    code: 'BATON_COLUMNS_WRONG',
    says: ['train.csv', 'missing: hours_per_week', 'unknown: hours', 'line 1'],
  },
  'all rows bad': {
    files: { 'train.csv': GOOD, 'eval.csv': censusTable(['not a row', 'neither is this']) },
    stage: 'ingest',
    code: 'BATON_ROWS_REJECTED',
    says: ['eval.csv', '2 of 2 rows', /"(not a row|neither is this)"/],
  },
  'more than 5 % bad rows': {
    files: {
      'train.csv': rows(200, (i) => censusRow(i % 4 === 0 ? '>50K' : '<=50K', i < 12 ? 'forty' : 40)),
      'eval.csv': GOOD,
    },
    stage: 'ingest',
    code: 'BATON_ROWS_REJECTED',
    says: ['train.csv', '12 of 200 rows', '6.0 %', 'age', 'forty'],
  },
  'a label column with one class': {
    files: { 'train.csv': rows(50, (i) => censusRow('<=50K', 20 + i)), 'eval.csv': GOOD },
    stage: 'ingest',
    code: 'BATON_ONE_CLASS',
    says: ['train.csv', 'income_bracket', '<=50K'],
  },
};

describe('a bad drop', () => {
  let test: TestCloud;
  beforeAll(async () => {
    test = await startTestCloud({ config: { 'baton:dropTimeoutSeconds': '3' } });
  });
  afterAll(() => test?.close());

  it.concurrent.each(Object.entries(BAD_DROPS))(
    'with %s ends the run as refused, and says where and why',
    async (name, { files, code, stage, says }) => {
      const view = await test.ended(await test.drop(name.replaceAll(/\W+/g, '-'), files), 50_000);
      const { state, failure, model } = test.report(view);
      expect({ state, code: failure?.code, stage: failure?.stage, model }).toEqual({
        state: 'refused',
        code,
        stage,
        model: undefined,
      });
      for (const text of says) expect(failure?.reason).toMatch(text);
      expect(failure?.advice).not.toBe('');
    },
  );

  it('keeps the malformed rows, with their reason and raw text, in rejects.jsonl', async () => {
    const files = BAD_DROPS['more than 5 % bad rows'].files;
    const run = await test.drop('rejects-kept', files);
    await test.ended(run, 50_000);
    const rejects = test.storage.bucket(test.buckets.nonprod).file(`runs/${run}/ingest/1/rejects.jsonl`);
    const lines = (await rejects.download())[0]
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(12);
    expect(lines[0]).toMatchObject({
      file: expect.stringContaining('train.csv'),
      reason: expect.stringContaining('age'),
    });
    expect(lines[0].raw).toContain('forty');
  });

  it('leaves no endpoint behind in production', async () => {
    const { GoogleAuth } = await import('google-auth-library');
    const auth = new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/cloud-platform' });
    const endpoint = 'projects/baton-prod/locations/us-central1/endpoints/census';
    const request = auth.request({
      url: `https://us-central1-aiplatform.googleapis.com/v1/${endpoint}:predict`,
      method: 'POST',
      data: { instances: [{}] },
    });
    await expect(request).rejects.toMatchObject({ status: 404 });
  });
});
