import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Envelope,
  layout,
  Promoted,
  type RunId,
  type StageName,
  stagesFrom,
  toPubsubMessage,
} from '../../events/index.ts';
import type { Decision } from '../../local/iam/policy.ts';
import { Ledger } from '../chaos/ledger.ts';
import { learnableDrop, startTestCloud, type TestCloud } from '../end-to-end/cloud.ts';
import { Deliveries } from '../end-to-end/deliveries.ts';
import { runScheduled, YEARLY } from '../end-to-end/schedule.ts';

/** What becomes of messages that come too often, too late, or never should have: in one cloud, around one run. */
const CHAIN = stagesFrom('prepare');
/** The objects that anybody asked to write, whether or not a condition refused it. */
const asked: string[] = [];
const ledger = new Ledger();
let test: TestCloud;
let deliveries: Deliveries;
let run: RunId;

function onDecision({ permission, resource }: Decision): void {
  const object = /\/objects\/(.+)$/.exec(resource)?.[1];
  if (permission === 'storage.objects.create' && object) asked.push(object);
}

const inputOf = async (stage: StageName): Promise<Envelope> =>
  (await deliveries.attempt({ run, stage, attempt: 1 })).input as Envelope;
const endedAs = async (stage: StageName, attempt: number) =>
  (await deliveries.attempt({ run, stage, attempt })).ending?.type;
const within = { timeout: 120_000, interval: 200 };

beforeAll(async () => {
  const plan = {
    steps: [25, 50, 100],
    soakSeconds: 1,
    abort: { drift: true, maxErrorRate: 0.05, minRequests: 100 },
  };
  test = await startTestCloud({
    ...{ onDecision, onCall: ledger.record },
    config: { 'baton:runSchedule': YEARLY, 'baton:rollout': JSON.stringify(plan) },
    faults: { seed: 1, rules: [{ at: 'delivery', who: 'function start$', effect: { duplicate: 3 } }] },
  });
  deliveries = new Deliveries(test);
  run = await test.drop('often', learnableDrop());
  await test.ended(run, 60_000);
});
afterAll(() => test?.close());

describe('a run', () => {
  const writtenFor = (stage: StageName) => {
    const key = { run, stage, attempt: 1 } as const;
    const [record = 0, marker = 0] = [layout.attemptRecord(key), layout.outstanding(key)].map((object) =>
      ledger.written.get(object),
    );
    return record + marker;
  };

  it('writes three objects per stage, and one more per further step of the deployment', async () => {
    const written = () => Object.fromEntries(CHAIN.map((stage) => [stage, writtenFor(stage)]));
    await expect.poll(written, within).toEqual({
      ...{ prepare: 3, ingest: 3, train: 3, evaluate: 3, approve: 3, deploy: 4 },
      monitor: 3,
      rollout: 3,
    });
  });

  it('asks once in each delivery for an attempt that another one is at work on, however often it looks', async () => {
    const delivered = () => [...deliveries.deliveredTo('prepare').values()];
    await expect.poll(() => delivered().map((all) => all.at(-1)), within).toEqual(['acked', 'acked']);
    const record = layout.attemptRecord({ run, stage: 'prepare', attempt: 1 });
    // Who has it writes its ending, and that it was published.
    expect(asked.filter((object) => object === record).length).toBeLessThanOrEqual(
      delivered().flat().length + 2,
    );
  });

  it.each(CHAIN.slice(1))(
    'publishes one message for %s, which is taken at its first delivery',
    async (stage) => {
      const delivered = () => [...deliveries.deliveredTo(stage).values()];
      await expect.poll(delivered, within).toEqual([['acked']]);
    },
  );

  it('leaves nothing outstanding and nothing parked', async () => {
    for (const bucket of Object.values(test.buckets)) {
      for (const prefix of [layout.outstandingPrefix, layout.parkedPrefix]) {
        // The last ending is on record before its marker goes.
        const left = async () => (await test.storage.bucket(bucket).getFiles({ prefix }))[0];
        await expect.poll(left, within).toEqual([]);
      }
    }
  });
});

describe('an event that comes too often', () => {
  it('fifty times at once, starts one job, publishes one event and leaves 49 records', async () => {
    const input = await inputOf('train');
    const replay = { ...input, attempt: 2, id: `${input.id}/replay/2`, replayof: input.id };
    const before = deliveries.deliveredTo('evaluate').size;
    await Promise.all(Array.from({ length: 50 }, () => deliveries.send('train', replay)));
    const key = { run, stage: 'train', attempt: 2 } as const;
    await expect.poll(() => endedAs('monitor', 2).catch(() => undefined), within).toBeDefined();
    expect(await jobsOf(2)).toHaveLength(2);
    expect(deliveries.deliveredTo('evaluate').size).toBe(before + 1);
    const { cause } = await deliveries.attempt(key);
    await expect.poll(async () => (await deliveries.duplicates(key)).length, within).toBe(49);
    for (const duplicate of await deliveries.duplicates(key)) {
      expect(duplicate).toMatchObject({ id: replay.id, duplicateOf: cause.deliveryId });
    }
  });

  it('the replay is a second attempt through to deployment, and the first stays as it was', async () => {
    const [first, second] = await Promise.all(
      [1, 2].map((attempt) => deliveries.attempt({ run, stage: 'deploy', attempt })),
    );
    expect(second.ending?.data).toMatchObject({ model: { version: '2' } });
    expect(first.ending?.data).toMatchObject({ model: { version: '1' } });
    expect(second.ending?.id).toBe(`${run}/deploy/2/deployed`);
    expect(second.sequence).toBe(first.sequence);
    for (const stage of CHAIN) expect(await endedAs(stage, 1)).toBeDefined();
  });

  it('the first version got all of the traffic at once, and the second one more and more of it', async () => {
    const key = { run, stage: 'rollout', attempt: 2 } as const;
    await expect.poll(() => endedAs('rollout', 2).catch(() => undefined), within).toBe(Promoted.type);
    const shares = ledger.splits.map((split) => Object.values(split).sort((a, b) => a - b));
    expect(shares).toEqual([[100], [25, 75], [50, 50], [100]]);
    const [first, second] = await Promise.all(
      [1, 2].map((attempt) => deliveries.attempt({ ...key, attempt })),
    );
    expect(first.ending?.data).toMatchObject({ alias: 'champion', model: { version: '1' } });
    expect(first.ending?.data).not.toHaveProperty('previous');
    expect(second.ending?.data).toMatchObject({ model: { version: '2' }, previous: '1' });
  });

  it('published again under a new message id, it is known by its CloudEvents id', async () => {
    const before = deliveries.deliveredTo('evaluate').size;
    const ids = await Promise.all([1, 2].map(async () => deliveries.send('train', await inputOf('train'))));
    const key = { run, stage: 'train', attempt: 1 } as const;
    const recorded = async () =>
      (await deliveries.duplicates(key)).map(({ deliveryId }) => deliveryId).sort();
    await expect.poll(recorded, within).toEqual(ids.sort());
    expect(deliveries.deliveredTo('evaluate').size).toBe(before);
  });
});

describe('a message that no stage can take', () => {
  const parkedAs = async (id: string) =>
    (await deliveries.parked('train')).find(({ message }) => message.messageId === id)?.code;

  it.each([
    ['of another type', 'BATON_EVENT_UNKNOWN', { type: 'dev.baton.ingest.redone.v1' }],
    ['of another major version', 'BATON_EVENT_UNKNOWN', { type: 'dev.baton.ingest.done.v2' }],
    ['too large', 'BATON_EVENT_TOO_LARGE', { data: { text: 'x'.repeat(70_000) } }],
    ['for an attempt that answers another event', 'BATON_EVENT_CONFLICT', { id: 'another' }],
  ])('%s is parked at its first delivery, with its bytes', async (_, code, overrides) => {
    const event = { ...(await inputOf('train')), ...overrides };
    const id = await deliveries.send('train', event);
    await expect.poll(() => parkedAs(id), within).toBe(code);
    const [kept] = (await deliveries.parked('train')).filter(({ message }) => message.messageId === id);
    expect(JSON.parse(Buffer.from(kept.message.data ?? '', 'base64').toString())).toEqual(event.data);
    await expect.poll(() => deliveries.deliveredTo('train').get(id), within).toEqual(['acked']);
  });

  it('with a body that is no JSON is parked at its first delivery', async () => {
    const { attributes } = toPubsubMessage(await inputOf('train'));
    const id = await deliveries.publish('train', { data: Buffer.from('{'), attributes });
    await expect.poll(() => parkedAs(id), within).toBe('BATON_EVENT_MALFORMED');
    await expect.poll(() => deliveries.deliveredTo('train').get(id), within).toEqual(['acked']);
  });
});

describe('a tick of the schedule', () => {
  it('that comes four times asks for one further run over the newest drop', async () => {
    const asked = await runScheduled(test);
    expect(test.cloud.injectedFaults()).toHaveLength(1);
    expect(asked).toMatchObject({
      data: { drop: 'often', reason: expect.stringMatching(/^scheduled for 20/) },
    });
    const runs = async () => {
      const [files] = await test.storage.bucket(test.buckets.nonprod).getFiles({ prefix: 'runs/' });
      return files.flatMap(({ name }) => /^runs\/([^/]+)\/run\.json$/.exec(name)?.[1] ?? []).sort();
    };
    await expect.poll(runs, within).toEqual([run, asked.correlationid].sort());
  });
});

describe('a release', () => {
  /** `npm run release:first-run`, of a stack whose bucket is the tenant's. */
  async function firstRun(tenant: 'nonprod' | 'prod'): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), 'baton-release-'));
    const outputs = join(folder, 'outputs.json');
    const [project, model] = [test.cloud.output('nonprod', 'project'), 'census'];
    writeFileSync(outputs, JSON.stringify({ project, model, bucket: test.buckets[tenant] }));
    const command = ['release/first-run.ts', '--stack', 'nonprod', '--outputs', outputs];
    const env = { ...process.env, COMMIT_SHA: 'c0ffee'.repeat(7).slice(0, 40) };
    const { stdout } = await promisify(execFile)(process.execPath, command, { env });
    rmSync(folder, { recursive: true });
    return stdout;
  }

  it('is followed by one run over the newest drop, or by the word that there is none', async () => {
    const [, first] = /^asked for the run (\S+) over the drop often$/m.exec(await firstRun('nonprod')) ?? [];
    expect(await firstRun('nonprod')).toContain(first);
    const record = test.storage.bucket(test.buckets.nonprod).file(layout.runRecord(first));
    await expect.poll(async () => (await record.exists())[0], within).toBe(true);
    expect(await firstRun('prod')).toMatch(/^no drop is complete in gs:/);
  });
});

/** The custom jobs of an attempt: one to train and one to evaluate. */
async function jobsOf(attempt: number): Promise<string[]> {
  const { JobServiceClient } = await import('@google-cloud/aiplatform/build/src/v1/job_service_client.js');
  const client = new JobServiceClient({ apiEndpoint: 'us-central1-aiplatform.googleapis.com' });
  const parent = `projects/${test.cloud.output('nonprod', 'project')}/locations/us-central1`;
  const [jobs] = await client.listCustomJobs({
    parent,
    filter: `labels.run=${run} AND labels.attempt=${attempt}`,
  });
  return jobs.map(({ name }) => String(name));
}
