import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { layout, toPubsubMessage } from '../../events/index.ts';
import { monitoringOnDemand } from '../../ops/demo/monitor-config.ts';
import {
  consequences,
  endpointOf,
  lastScores,
  type MonitoredEndpoint,
} from '../../ops/demo/monitored-endpoint.ts';
import { sendTraffic } from '../../ops/demo/traffic.ts';
import { type Row, readTable } from '../../ops/drift/table.ts';
import { startTestCloud, type TestCloud } from '../end-to-end/cloud.ts';

const GENERATE = resolve(import.meta.dirname, '../../workloads/census/sample/generate.ts');
const LABEL = 'income_bracket';
const PATIENCE = { timeout: 120_000, interval: 200 };
/** The window's rows for which the census stack's thresholds were set: see docs/monitoring.md. */
const WINDOW_ROWS = 2000;

/** Serving traffic like the training data, then unlike it, with the thresholds of the census stack. */
describe('monitoring a model in production', () => {
  let test: TestCloud;
  let folder: string;
  let rows: Row[];
  let monitored: MonitoredEndpoint;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'baton-census-'));
    const flags = [
      '--seed',
      '1',
      '--train-rows',
      '4000',
      '--eval-rows',
      String(2 * WINDOW_ROWS),
      '--out',
      folder,
    ];
    expect(spawnSync(process.execPath, [GENERATE, ...flags]).status).toBe(0);
    rows = await readTable(folder, 'eval');
    // Every prediction is logged, so that the windows are the same in each run of this test.
    const config = {
      'baton:retraining': 'retrain',
      'baton:monitor': monitoringOnDemand({ samplingRate: 1 }),
      'baton:trainParameters': '{"trees":20}',
    };
    test = await startTestCloud({ config });
    const read = (file: string) => readFileSync(join(folder, file));
    const run = await test.drop('first', { 'train.csv': read('train.csv'), 'eval.csv': read('eval.csv') });
    monitored = endpointOf(await test.ended(run, 120_000));
  });
  afterAll(async () => {
    await test?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function window(of: Row[]): Promise<string[]> {
    await sendTraffic(monitored.endpoint, of, LABEL);
    await test.cloud.runMonitoring(monitored.monitoringJob);
    const scores = await lastScores(monitored);
    return scores
      .filter(({ score, threshold }) => score > threshold)
      .map(({ statistic, feature }) => `${statistic} of ${feature}`);
  }
  const delivered = (subscription: string) =>
    test.cloud
      .deliveries()
      .filter((event) => event.subscription.endsWith(`/${subscription}`) && event.outcome === 'acked').length;
  const runs = async () => {
    const [files] = await test.storage.bucket(test.buckets.nonprod).getFiles({ prefix: 'runs/' });
    return files.filter(({ name }) => name.endsWith('/run.json')).length;
  };

  it('raises no alarm on the population that the model was trained on', async () => {
    expect(await window(rows.slice(0, WINDOW_ROWS))).toEqual([]);
    expect(await window(rows.slice(WINDOW_ROWS))).toEqual([]);
    expect(delivered('alert')).toBe(0);
  });

  it('answers shifted traffic with drift-detected for each feature and statistic, and with one run', async () => {
    const inCents = rows
      .slice(0, WINDOW_ROWS)
      .map((row) => ({ ...row, capital_gain: Number(row.capital_gain) * 100 }));
    expect(await window(inCents)).toEqual(['skew of capital_gain', 'drift of capital_gain']);
    await vi.waitFor(async () => {
      expect(delivered('retrain')).toBe(2);
      expect(await runs()).toBe(2);
    }, PATIENCE);
    const { drifts, runs: answers } = await consequences(test.storage, test.buckets);
    expect(drifts.map(({ data }) => `${data.statistic} of ${data.feature}`).sort()).toEqual([
      'drift of capital_gain',
      'skew of capital_gain',
    ]);
    for (const { data } of drifts) expect(data).toMatchObject({ ...monitored, model: 'census' });
    expect(answers).toHaveLength(1);
    const [record] = await test.storage
      .bucket(test.buckets.nonprod)
      .file(layout.runRecord(answers[0]))
      .download();
    expect(JSON.parse(record.toString())).toMatchObject({ run: answers[0], drop: 'first' });
    const [attempt] = await test.storage
      .bucket(test.buckets.nonprod)
      .file(layout.attemptRecord({ run: answers[0], stage: 'prepare', attempt: 1 }))
      .download();
    expect(JSON.parse(attempt.toString()).input).toMatchObject({
      ...{ authtype: 'service_account', authid: 'retrain@baton-nonprod.iam.gserviceaccount.com' },
    });
  });

  it('takes duplicates of the alert and of its events for what they are', async () => {
    const { PubSub } = await import('@google-cloud/pubsub');
    const pubsub = new PubSub({ projectId: test.cloud.output('prod', 'project') });
    const { drifts } = await consequences(test.storage, test.buckets);
    const alert = { data: Buffer.from(JSON.stringify({ incident: { state: 'open' }, version: '1.2' })) };
    await Promise.all([1, 2].map(() => pubsub.topic('monitoring-alerts').publishMessage(alert)));
    await pubsub.topic('drift-detected').publishMessage(toPubsubMessage(drifts[0]));
    await vi.waitFor(() => expect([delivered('alert'), delivered('retrain')]).toEqual([3, 3]), PATIENCE);
    await pubsub.close();
    const after = await consequences(test.storage, test.buckets);
    expect(after.drifts).toHaveLength(drifts.length);
    expect(after.runs).toHaveLength(1);
    expect(await runs()).toBe(2);
  });

  it('keeps the statistics and the analysis schema in the production bucket', async () => {
    const bucket = test.storage.bucket(test.buckets.prod);
    const [schema] = await bucket.file(layout.analysisSchema('census')).download();
    expect(schema.toString()).toMatch(/"capital_gain":\n {4}type: integer/);
    expect(schema.toString()).toMatch(/"occupation":\n {4}type: string/);
    expect(schema.toString()).not.toContain(LABEL);
    const [statistics] = await bucket.getFiles({ prefix: 'monitoring/model_monitoring/' });
    expect(statistics.map(({ name }) => name.split('/').at(-1))).toEqual(
      expect.arrayContaining(['stats', 'anomalies']),
    );
    const [encrypted] = await statistics[0].getMetadata();
    expect(encrypted.kmsKeyName).toMatch(/^projects\/baton-prod\//);
  });

  it('passes no call that a client or server had to mend', () => {
    expect(test.cloud.lints()).toEqual([]);
  });
});
