import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployed, EvalPassed, type RunId } from '../../events/index.ts';
import type { RunView } from '../../ops/runs/run-view.ts';
import { predict, readSamples, type Sample } from '../../ops/start/predict.ts';
import { CENSUS, startTestCloud, type TestCloud } from './cloud.ts';

/** The chain on the real tables, looked at from inside: what `npm start` does not print. */
describe.runIf(existsSync(CENSUS))('the chain on the census data', () => {
  let test: TestCloud;
  let run: RunId;
  let view: RunView;
  let samples: Sample[];
  const eventOf = (stage: string) => view.stages.find((candidate) => candidate.stage === stage)?.event;

  beforeAll(async () => {
    test = await startTestCloud();
    const read = (file: string) => readFileSync(join(CENSUS, file));
    const evalCsv = read('eval.csv').toString().split('\n');
    // A handful of bad rows must not stop a run.
    evalCsv.splice(10, 0, 'x, Private', '39, State-gov, no number');
    run = await test.drop('census', { 'train.csv': read('train.csv'), 'eval.csv': evalCsv.join('\n') });
    view = await test.ended(run, 120_000);
    samples = await readSamples(test.storage, EvalPassed.data.parse(eventOf('evaluate')?.data).samples);
  }, 150_000);
  afterAll(() => test?.close());

  it('ends deployed and monitored', () => {
    expect(test.report(view)).toMatchObject({ state: 'monitored', rows: { train: 32561, eval: 16278 } });
  });

  it('counts a handful of bad rows, and keeps them', () => {
    const { rejected } = test.report(view);
    expect(rejected).toMatchObject({ train: 0, eval: 2, file: expect.stringContaining('rejects.jsonl') });
  });

  it('answers at the endpoint, to the last bit, what the evaluator computed offline', async () => {
    const { endpoint } = Deployed.data.parse(eventOf('deploy')?.data);
    expect(samples).toHaveLength(100);
    for (const { instance, prediction } of samples) {
      expect((await predict(endpoint, instance)).prediction).toBe(prediction);
    }
  });

  it('is one trace, and every event names the event that caused it', () => {
    const events = view.stages.map((stage) => stage.event);
    const traces = new Set(events.map((event) => event?.traceparent?.split('-')[1]));
    expect(traces.size).toBe(1);
    for (const [index, event] of events.entries()) {
      if (index > 0) expect(event?.causationid).toBe(events[index - 1]?.id);
    }
  });

  it('trains on a snapshot that a later drop leaves alone', async () => {
    const [files] = await test.storage
      .bucket(test.buckets.nonprod)
      .getFiles({ prefix: `runs/${run}/ingest/1/snapshot/` });
    expect(files.map((file) => file.name)).toEqual([
      expect.stringMatching(/snapshot\/eval\/.*\.parquet$/),
      expect.stringMatching(/snapshot\/train\/.*\.parquet$/),
    ]);
  });

  it('passes no call that a client or server had to mend', () => {
    expect(test.cloud.lints()).toEqual([]);
  });

  it('a duplicate finalize starts no second run', async () => {
    const { PubSub } = await import('@google-cloud/pubsub');
    const drops = new PubSub({ projectId: 'baton-nonprod' }).topic('drops');
    const [object] = await test.storage
      .bucket(test.buckets.nonprod)
      .file('datasets/census/train.csv')
      .getMetadata();
    const before = await runFolders(test);
    const acknowledged = () =>
      test.cloud
        .deliveries()
        .filter(({ subscription, outcome }) => subscription.endsWith('/prepare') && outcome === 'acked')
        .length;
    const soFar = acknowledged();
    await drops.publishMessage({
      attributes: {
        eventType: 'OBJECT_FINALIZE',
        bucketId: test.buckets.nonprod,
        objectId: 'datasets/census/train.csv',
        objectGeneration: String(object.generation),
        payloadFormat: 'NONE',
      },
    });
    await expect.poll(acknowledged, { timeout: 30_000 }).toBe(soFar + 1);
    expect(await runFolders(test)).toEqual(before);
  });
});

async function runFolders(test: TestCloud): Promise<string[]> {
  const [, , response] = await test.storage
    .bucket(test.buckets.nonprod)
    .getFiles({ prefix: 'runs/', delimiter: '/', autoPaginate: false });
  return (response as { prefixes?: string[] }).prefixes ?? [];
}
