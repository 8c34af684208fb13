import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DROP_FILES, type DropFile, layout, type RunId, runIdOf } from '../../events/index.ts';
import type { StubCloud } from '../chaos/stub-cloud.ts';
import { createdFor, expectOneOfEach, objectsUnder, startFaultyCloud } from './cloud.ts';
import { attemptOf } from './publish.ts';

const PATIENCE_MS = 150_000;

describe('runs that get in each other’s way', { timeout: PATIENCE_MS }, () => {
  let cloud: StubCloud;
  beforeAll(async () => {
    cloud = await startFaultyCloud([
      {
        at: 'delivery',
        who: '/function prepare$',
        mentions: '/f20-deleted/',
        times: 2,
        effect: { delayMs: 3000 },
      },
      { at: 'delivery', who: '/function deploy$', mentions: '"f16-older-', effect: { delayMs: 20_000 } },
    ]);
    // Every function has started once, so that twenty seconds are far more than a run takes.
    await cloud.ledger.ended([await cloud.start('first')], PATIENCE_MS);
  }, PATIENCE_MS);
  afterAll(() => cloud?.close());

  const runsOf = (drop: string) => objectsUnder(cloud, `runs/${drop}-`);
  const prepared = () =>
    cloud.cloud
      .deliveries()
      .filter(({ subscription, outcome }) => subscription.endsWith('/prepare') && outcome === 'acked').length;

  it('F16 an older run that reaches the endpoint after a newer one is superseded, and uploads and deploys nothing', async () => {
    const older = await cloud.start('f16-older');
    const newer = await cloud.start('f16-newer');
    expect(await cloud.ledger.ended([older, newer], PATIENCE_MS)).toMatchObject([
      { event: 'superseded' },
      { event: 'monitored' },
    ]);
    expect((await attemptOf(cloud, older, 'deploy')).ending?.data).toMatchObject({ by: { run: newer } });
    expect(createdFor(cloud, older).filter(([what]) => what.includes('UploadModel'))).toEqual([]);
    expectOneOfEach(cloud, newer);
  });

  it('F16 of runs that reach the endpoint together the newest ends deployed, and none is parked', async () => {
    const runs: RunId[] = [];
    for (const drop of ['f16-a', 'f16-b', 'f16-c', 'f16-d']) runs.push(await cloud.start(drop));
    const ends = await cloud.ledger.ended(runs, PATIENCE_MS);
    expect(ends.at(-1)?.event).toBe('monitored');
    expect(ends.filter(({ event }) => event !== 'monitored' && event !== 'superseded')).toEqual([]);
  });

  it('F20 a file dropped again under its name is a run of its own', async () => {
    const first = await cloud.start('f20-again');
    await cloud.ledger.ended([first], PATIENCE_MS);
    const second = await cloud.start('f20-again');
    expect(second).not.toBe(first);
    expect((await cloud.ledger.ended([second], PATIENCE_MS))[0]?.event).toBe('monitored');
    expectOneOfEach(cloud, first);
  });

  it('F20 a drop copied into place is a run, and so is each file of it that is copied back', async () => {
    const bucket = cloud.storage.bucket(cloud.buckets.nonprod);
    const drop = layout.drop('f20-copied');
    /** Copies the files of a drop from one folder to another, and answers the run of what lies there then. */
    const copied = async (files: DropFile[], from: string, to: string) => {
      for (const file of files)
        await bucket.file(from + DROP_FILES[file]).copy(bucket.file(to + DROP_FILES[file]));
      return runIdOf('f20-copied', await generations());
    };
    const generations = async () => {
      const of = async (file: DropFile) => {
        const [{ generation }] = await bucket.file(drop + DROP_FILES[file]).getMetadata();
        return [file, String(generation)];
      };
      return Object.fromEntries(await Promise.all([of('train'), of('eval')]));
    };
    await cloud.ledger.ended([await cloud.start('f20-origin')], PATIENCE_MS);
    const first = await copied(['train', 'eval'], layout.drop('f20-origin'), drop);
    await cloud.ledger.ended([first], PATIENCE_MS);
    await copied(['train', 'eval'], drop, 'backup/f20-copied/');
    await bucket.file(drop + DROP_FILES.train).delete();
    const restored = await copied(['train'], 'backup/f20-copied/', drop);
    await cloud.ledger.ended([restored], PATIENCE_MS);
    const rewritten = await copied(['eval'], drop, drop);
    const runs = [first, restored, rewritten];
    expect(await cloud.ledger.ended(runs, PATIENCE_MS)).toMatchObject(
      runs.map(() => ({ event: 'monitored' })),
    );
    for (const run of runs) expectOneOfEach(cloud, run);
    const started = (await runsOf('f20-copied')).filter((name) => name.endsWith('/run.json'));
    expect(started.sort()).toEqual(runs.map((run) => layout.runRecord(run)).sort());
  });

  it('F20 a drop deleted before it was looked at, and files that are no drop, start nothing', async () => {
    const before = prepared();
    const bucket = cloud.storage.bucket(cloud.buckets.nonprod);
    await cloud.start('f20-deleted');
    await Promise.all(
      ['train', 'eval'].map((file) => bucket.file(`${layout.drop('f20-deleted')}${file}.csv`).delete()),
    );
    await bucket.file('datasets/f20-notes/readme.txt').save('no drop', { resumable: false });
    await bucket.file('datasets/loose.csv').save('no drop', { resumable: false });
    await expect.poll(prepared, { timeout: PATIENCE_MS }).toBe(before + 4);
    expect([await runsOf('f20-deleted'), await runsOf('f20-notes'), await runsOf('loose')]).toEqual([
      [],
      [],
      [],
    ]);
  });

  it('F20 an empty file ends its run as refused, naming the file', async () => {
    const run = await cloud.drop('f20-empty', { 'train.csv': '', 'eval.csv': 'amount,label\n1,yes\n' });
    expect(await cloud.ledger.ended([run], PATIENCE_MS)).toMatchObject([{ event: 'refused' }]);
    expect((await attemptOf(cloud, run, 'prepare')).ending?.data).toMatchObject({
      code: 'BATON_FILE_EMPTY',
      reason: expect.stringContaining('train.csv'),
    });
  });
});
