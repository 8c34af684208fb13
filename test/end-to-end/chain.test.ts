import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  approvalDigest,
  Deployed,
  EvalPassed,
  ModelTrained,
  parseGcsUri,
  RunId,
  STAGE_BEFORE,
  TENANT_OF,
  type Tenant,
} from '../../events/index.ts';
import type { VersionLineage } from '../../ops/models/lineage.ts';
import type { RunDescription } from '../../ops/runs/describe.ts';
import type { RunView } from '../../ops/runs/run-view.ts';
import { predict, readSamples, type Sample } from '../../ops/start/predict.ts';
import { commandLineTo } from '../ops/command-line.ts';
import { CENSUS, startTestCloud, type TestCloud } from './cloud.ts';
import { Deliveries } from './deliveries.ts';
import { whatTheRunMade } from './made.ts';
import { ledgerOf, modelVersions, recordedLineage, runFolders } from './on-record.ts';

/** The shell's, from before anything leads this process to the cloud. */
const shell = { ...process.env };

/** The chain on the real tables, looked at from inside: what `npm start` does not print. */
describe('the chain on the census data', () => {
  let test: TestCloud;
  let deliveries: Deliveries;
  let run: RunId;
  let view: RunView;
  let samples: Sample[];
  const eventOf = (stage: string) => view.stages.find((candidate) => candidate.stage === stage)?.event;

  beforeAll(async () => {
    test = await startTestCloud();
    deliveries = new Deliveries(test);
    const read = (file: string) => readFileSync(join(CENSUS, file));
    const evalCsv = read('eval.csv').toString().split('\n');
    // A handful of bad rows must not stop a run.
    evalCsv.splice(10, 0, 'x, Private', '39, State-gov, no number');
    run = await test.drop('census', { 'train.csv': read('train.csv'), 'eval.csv': evalCsv.join('\n') });
    view = await test.ended(run, 120_000);
    samples = await readSamples(test.storage, EvalPassed.data.parse(eventOf('evaluate')?.data).samples);
  });
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
    const traces = new Set(view.stages.map(({ event }) => event?.traceparent?.split('-')[1]));
    expect(traces.size).toBe(1);
    for (const { stage, event } of view.stages) {
      const before = STAGE_BEFORE[stage];
      if (before) expect(event?.causationid).toBe(eventOf(before)?.id);
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

  it("put all that it made under its project's key", async () => {
    const keyOf = (project: string) =>
      `projects/${project}/locations/us-central1/keyRings/baton/cryptoKeys/baton`;
    for (const { tenant, what, key } of await whatTheRunMade()) {
      if (!what.startsWith('query')) expect([what, key]).toEqual([what, keyOf(`baton-${tenant}`)]);
    }
  });

  it('labelled all that it made for the bill: a stage, a model and an environment, and a run where it has one', async () => {
    const standing = /^(dataset|endpoint|monitoring job)/;
    for (const { tenant, what, labels } of await whatTheRunMade()) {
      // Vertex AI makes it, and takes no labels for it.
      if (what === 'log of predictions') continue;
      const ofRun = standing.test(what) ? {} : { run, attempt: '1' };
      const stage = expect.stringMatching(/^[a-z]+$/);
      expect([what, labels]).toEqual([
        what,
        expect.objectContaining({ ...ofRun, stage, model: 'census', env: tenant }),
      ]);
    }
  });

  it('used machines, of which the command line tells the hours, those that still serve included', async () => {
    const baton = await commandLineTo(test.cloud, shell);
    const { stages, machineHours } = await baton.json<RunDescription>('runs', 'describe', run);
    baton.close();
    const used = stages.map(({ stage, machines = [] }) => [stage, machines.flatMap((use) => use.machines)]);
    const machine = (type: string, count: number) => ({ type, count });
    expect(Object.fromEntries(used)).toMatchObject({
      ...{ prepare: [], monitor: [] },
      ingest: [machine('n1-standard-1', 1), machine('n1-standard-1', 1)],
      train: [machine('n1-standard-4', 1)],
      evaluate: [machine('n1-standard-4', 1)],
      deploy: [machine('n1-standard-2', 2)],
    });
    const [serving] = stages.find(({ stage }) => stage === 'deploy')?.machines ?? [];
    expect(serving.hours).toBeGreaterThan(0);
    expect(serving).not.toHaveProperty('until');
    expect(machineHours).toBeGreaterThan(serving.hours ?? Number.NaN);
  });

  it('keeps where the version comes from, of which the command line tells: data, code, metrics, approval, what serves', async () => {
    const baton = await commandLineTo(test.cloud, shell);
    const told = await vi.waitFor(
      async () => {
        const { code, stdout } = await baton('models', 'lineage', '1');
        expect(code).toBe(0);
        return stdout;
      },
      { timeout: 120_000 },
    );
    const lineage = await baton.json<VersionLineage>('models', 'lineage', 'default');
    const unknown = await baton('models', 'lineage', '7');
    baton.close();
    const passed = EvalPassed.data.parse(eventOf('evaluate')?.data);
    const trained = ModelTrained.data.parse(eventOf('train')?.data);
    const { endpoint, deployedModelId, model } = Deployed.data.parse(eventOf('deploy')?.data);
    const { train, eval: evaluated } = passed.snapshotDigests!;
    expect(lineage).toMatchObject({
      ...{ version: `${model.name}@1`, run, deployedAt: eventOf('deploy')?.time },
      data: [
        { table: 'train', uri: train.uri, sha256: train.sha256, source: passed.trainTable },
        { table: 'eval', uri: evaluated.uri, sha256: evaluated.sha256 },
      ],
      code: {
        train: {
          image: trained.image,
          commit: trained.commit,
          job: trained.job,
          parameters: trained.parameters,
        },
        evaluate: { image: passed.image, commit: passed.commit, job: passed.job },
      },
      artefact: { uri: passed.artifact.uri, sha256: model.sha256 },
      evaluation: { sha256: passed.metricsSha256, figures: passed.metrics, gate: { decision: 'passed' } },
      approval: { digest: approvalDigest(passed) },
      serving: [{ endpoint, deployedModelId, share: 100 }],
    });
    expect(lineage.approval).not.toHaveProperty('by');
    expect(told).toContain(`100 % at ${endpoint}, as ${deployedModelId}`);
    expect([unknown.code, unknown.stderr]).toEqual([3, expect.stringContaining('nothing is recorded')]);
  });

  it('passes no call that a client or server had to mend', () => {
    expect(test.cloud.lints()).toEqual([]);
  });

  it('a duplicate finalize starts no second run', async () => {
    const before = await runFolders(test);
    const acknowledged = () => deliveries.acknowledgedOf('prepare');
    const soFar = acknowledged();
    await deliveries.announce('datasets/census/train.csv');
    await expect.poll(acknowledged, { timeout: 120_000 }).toBe(soFar + 1);
    expect(await runFolders(test)).toEqual(before);
  });

  it("has each of its events in its tenant's ledger exactly once, also when they were published again", async () => {
    const [recorded, heard] = [await recordedLineage(run), deliveries.acknowledgedOf('lineage')];
    expect(recorded.map(({ events }) => events)).toEqual([12]);
    await deliveries.publishAgain(view);
    const idsOf = (tenant: Tenant) =>
      view.stages.filter(({ stage }) => TENANT_OF[stage] === tenant).map(({ event }) => event!.id);
    for (const tenant of ['nonprod', 'prod'] as const) {
      const ledger = async () => {
        const rows = await ledgerOf(test, tenant, run);
        return { ids: rows.map(({ id }) => id).sort(), allCopied: rows.every(({ copies }) => copies > 1) };
      };
      const all = { ids: idsOf(tenant).sort(), allCopied: true };
      expect(all.ids.length).toBeGreaterThan(1);
      await expect.poll(ledger, { timeout: 120_000 }).toEqual(all);
    }
    await expect.poll(() => deliveries.acknowledgedOf('lineage'), { timeout: 120_000 }).toBe(heard + 1);
    expect(await recordedLineage(run)).toEqual(recorded);
    const [first] = await ledgerOf(test, 'nonprod', run);
    expect(first).toMatchObject({ type: 'dev.baton.dataset.ready.v1', attempt: 1, run });
    expect(JSON.parse(first.data)).toEqual(view.stages[0].event?.data);
  });

  it('promotes nothing of which a byte was changed after the evaluation, and names the file', async () => {
    const event = eventOf('evaluate')!;
    const { artifact, snapshotDigests, metricsUri, samples } = EvalPassed.data.parse(event.data);
    const folders = [artifact, snapshotDigests!.train, snapshotDigests!.eval];
    const files = [...folders.map(({ uri, files: [first] }) => `${uri}${first.name}`), metricsUri!, samples];
    const versions = await modelVersions();
    for (const [index, uri] of files.entries()) {
      const undo = await changeOneByte(test, uri);
      const copy = RunId.parse(`changed-000000000${index}`);
      const again = { ...event, id: `${copy}/evaluate/1/eval-passed`, correlationid: copy };
      await deliveries.send('approve', again);
      const { failure } = test.report(await test.ended(copy, 60_000));
      expect(failure?.code).toBe('BATON_ARTIFACT_CHANGED');
      expect(failure?.reason).toContain(`${uri} changed since it was evaluated`);
      // Written once more as it was, it no longer stops anybody: the bytes count, not who wrote them.
      await undo();
    }
    expect(await modelVersions()).toEqual(versions);
  });
});

/** Changes a byte of an object; answers what puts it back. */
async function changeOneByte({ storage }: TestCloud, uri: string): Promise<() => Promise<void>> {
  const { bucket, object } = parseGcsUri(uri);
  const file = storage.bucket(bucket).file(object);
  const [before] = await file.download();
  const changed = Buffer.from(before);
  changed[changed.length >> 1] ^= 1;
  await file.save(changed, { resumable: false });
  return () => file.save(before, { resumable: false });
}
