import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Envelope, layout, RunId } from '../../events/index.ts';
import type { EventView } from '../../ops/events/history.ts';
import type { ParkedView } from '../../ops/events/parked.ts';
import type { Explanation } from '../../ops/events/why.ts';
import type { RunDescription } from '../../ops/runs/describe.ts';
import type { RunSummary } from '../../ops/runs/summary.ts';
import { smallDrop, smallTable, startTestCloud, type TestCloud } from '../end-to-end/cloud.ts';
import { type CommandLine, commandLineTo, run as runBaton } from '../ops/command-line.ts';
import { seedDeployment } from '../ops/seed.ts';

/** The shell's, from before anything leads this process to the cloud. */
const shell = { ...process.env };

/** Training fails with a parameter that the trainer does not know, so every run is parked there. */
const config = { 'baton:trainParameters': '{"tres":100}' };
const ENDS_WITHIN_MS = 60_000;

let test: TestCloud;
let baton: CommandLine;
let first: RunId;
let second: RunId;

beforeAll(async () => {
  test = await startTestCloud({ config });
  baton = await commandLineTo(test.cloud, shell);
  first = await test.drop('first', smallDrop());
  const begun = test.storage.bucket(test.buckets.nonprod).file(layout.runRecord(first));
  await vi.waitFor(async () => expect(await begun.exists()).toEqual([true]), { timeout: ENDS_WITHIN_MS });
  second = await test.drop('second', smallDrop());
  for (const run of [first, second]) await test.ended(run, ENDS_WITHIN_MS);
}, 120_000);
afterAll(async () => {
  baton?.close();
  await test?.close();
});

const describeRun = (run: RunId) => baton.json<RunDescription>('runs', 'describe', run);
const eventsOf = (run: RunId) => baton.json<{ events: EventView[] }>('events', 'list', '--run', run);
const trainAttempts = ({ stages }: RunDescription) =>
  stages.filter(({ stage }) => stage === 'train').map(({ attempt, state }) => `${attempt} ${state}`);

describe('runs', () => {
  it('are listed the latest first, as many as are asked for', async () => {
    const { runs, more } = await baton.json<{ runs: RunSummary[]; more: boolean }>(
      'runs',
      'list',
      '--limit',
      '1',
    );
    expect(runs).toMatchObject([
      { run: second, state: 'parked', stage: 'train', model: 'census', drop: 'second' },
    ]);
    expect(more).toBe(true);
  });

  it.each([
    [['--where', 'state=parked', '--stage', 'train', '--since', '1h'], 2],
    [['--where', 'drop=first'], 1],
    [['--where', 'state=monitored'], 0],
    [['--since', '1s', '--where', 'drop=first'], 0],
  ])('that %j means are listed', async (filter, count) => {
    const { runs } = await baton.json<{ runs: RunSummary[] }>('runs', 'list', ...filter);
    expect(runs).toHaveLength(count);
  });

  it('are described stage by stage, with the reason and what to do', async () => {
    const { stages } = await describeRun(first);
    expect(stages.map(({ stage, state }) => `${stage} ${state}`)).toEqual([
      ...['prepare completed', 'ingest completed', 'train parked'],
    ]);
    expect(stages[2].failure?.reason).toMatch(/customJobs\/\d+ ended as JOB_STATE_FAILED/);
    expect(stages[2]).toMatchObject({
      causedBy: `${first}/ingest/1/ingest-done`,
      operation: [expect.any(String)],
    });
  });

  it('are described with the machines that each stage has used, and with those that nobody can tell any more', async () => {
    const { stages, machineHours } = await describeRun(second);
    const [prepare, ingest, train] = stages.map(({ machines = [] }) => machines);
    expect(prepare).toEqual([]);
    expect(ingest.map(({ machines }) => machines)).toEqual([
      [{ type: 'n1-standard-1', count: 1 }],
      [{ type: 'n1-standard-1', count: 1 }],
    ]);
    expect(train).toMatchObject([{ machines: [{ type: 'n1-standard-4', count: 1 }] }]);
    const hours = [...ingest, ...train].map((use) => use.hours ?? Number.NaN);
    expect(Math.min(...hours)).toBeGreaterThan(0);
    expect(machineHours).toBeCloseTo(
      hours.reduce((sum, each) => sum + each),
      5,
    );

    await deleteJob(train[0].resource);
    const { stages: later } = await describeRun(second);
    expect(later[2].machines).toEqual([{ resource: train[0].resource, machines: [], unknown: 'gone' }]);
    expect((await baton('runs', 'describe', second)).stdout).toMatch(/customJobs\/\d+ +- +gone/);
  });

  it('are watched to their end, which the exit code tells; words go to stderr', async () => {
    const { code, stdout, stderr } = await baton('runs', 'watch', first);
    expect(code).toBe(10);
    expect(stdout).toMatch(/^run +first-/);
    expect(stderr).toMatch(/train +parked/);
    expect((await baton('--quiet', 'runs', 'watch', first)).stderr).toBe('');
  });
});

async function deleteJob(name: string): Promise<void> {
  const { JobServiceClient } = await import('@google-cloud/aiplatform/build/src/v1/job_service_client.js');
  const [, , , region] = name.split('/');
  const client = new JobServiceClient({ apiEndpoint: `${region}-aiplatform.googleapis.com` });
  const [operation] = await client.deleteCustomJob({ name });
  await operation.promise();
}

describe('an event', () => {
  it('is explained back to the files that landed', async () => {
    const { events } = await eventsOf(first);
    expect(events.map(({ name, disposition }) => `${name} ${disposition}`)).toEqual([
      ...['drop done', 'dataset-ready done', 'ingest-done parked', 'parked published'],
    ]);
    const { chain } = await baton.json<Explanation>('events', 'why', events[3].id);
    expect(chain.map(({ name }) => name)).toEqual(['parked', 'ingest-done', 'dataset-ready', 'drop']);
    expect(chain[3].id).toMatch(/^datasets\/first\/#\d+\+\d+$/);
    const why = await baton.json<Explanation>('events', 'why', events[2].id);
    expect(why).toMatchObject({ disposition: 'parked', answeredBy: { stage: 'train', attempt: 1 } });
  });

  it('is shown whole', async () => {
    const shown = await baton.json<EventView>('events', 'show', `${first}/ingest/1/ingest-done`);
    expect(shown.event?.data).toMatchObject({ rows: { train: 200, eval: 100 } });
  });
});

describe('what is not there or not meant', () => {
  it.each([
    [3, ['runs', 'describe', 'nobody-knows']],
    [3, ['events', 'why', 'nobody/knows/1/it']],
    [3, ['runs', 'replay', '--resume', 'nothing']],
    [2, ['runs', 'replay']],
    [2, ['runs', 'list', '--where', 'colour=red']],
    [2, ['runs', 'unknown']],
    [4, ['runs', 'replay', '--where', 'state=monitored', '--stage', 'monitor']],
    [4, ['events', 'redrive', '--all']],
  ])('ends with %i: %j', async (expected, args) => {
    const { code, stdout, stderr } = await baton(...args);
    expect({ code, stdout }).toEqual({ code: expected, stdout: expect.not.stringContaining('RUN') });
    expect(stderr).not.toBe('');
  });

  it('ends with 3 where there is no environment, and says how one is made', async () => {
    const { code, stderr } = await runBaton(['runs', 'list'], shell, tmpdir()).answer;
    expect(code).toBe(3);
    expect(stderr).toContain('npm start');
  });
});

describe('a replay', () => {
  it('that is tried says what would run again, and changes nothing', async () => {
    const plan = await baton.json<{ id: string; stages: { stage: string; production: boolean }[] }>(
      ...['runs', 'replay', first, '--dry-run'],
    );
    expect(plan.id).toBe(`${first}/replay/2`);
    expect(plan.stages.map(({ stage, production }) => `${stage} ${production}`)).toEqual([
      ...['train false', 'evaluate false', 'approve true', 'deploy true', 'monitor true', 'rollout true'],
    ]);
    expect((await describeRun(first)).replays).toEqual([]);
  });

  it('sent by two at once is one, and the earlier attempt stays readable', async () => {
    const both = [1, 2].map(() => baton.json<{ replays: { result: string }[] }>('runs', 'replay', first));
    const results = (await Promise.all(both)).map(({ replays }) => replays[0].result);
    expect(results.sort()).toEqual(['same', 'sent']);
    expect((await baton('runs', 'watch', first)).code).toBe(10);
    const description = await describeRun(first);
    expect(trainAttempts(description)).toEqual(['1 parked', '2 parked']);
    expect(description.replays).toMatchObject([{ id: `${first}/replay/2`, from: 'train' }]);
  });

  it('of many that is interrupted goes on where it was, and sends nothing twice', async () => {
    const filter = ['--where', 'state=parked', '--stage', 'train', '--since', '1h'];
    const bulk = baton.start('--format', 'json', 'runs', 'replay', ...filter, '--rate', '1/h');
    await expect.poll(bulk.said, { timeout: ENDS_WITHIN_MS }).toContain('1/2');
    bulk.interrupt();
    const { code, stdout } = await bulk.answer;
    expect(code).toBe(130);
    const { batch, replays } = JSON.parse(stdout) as { batch: string; replays: { result: string }[] };
    expect(replays).toMatchObject([{ result: 'sent' }]);

    const resumed = await baton.json<{ replays: { run: string; result: string }[] }>(
      ...['runs', 'replay', '--resume', batch, '--rate', '10/s'],
    );
    expect(resumed.replays.map(({ result }) => result)).toEqual(['same', 'sent']);
    for (const run of [first, second]) expect((await baton('runs', 'watch', run)).code).toBe(10);
    expect(trainAttempts(await describeRun(first))).toEqual(['1 parked', '2 parked', '3 parked']);
    expect(trainAttempts(await describeRun(second))).toEqual(['1 parked', '2 parked']);
  });

  it('that begins in production is refused without a terminal, unless it is agreed to', async () => {
    const run = RunId.parse('seeded-0123456789');
    await seedDeployment(test, run);
    const { code, stderr } = await baton('runs', 'replay', run, '--from', 'approve');
    expect(code).toBe(4);
    expect(stderr).toMatch(/production project baton-prod.*--yes/s);
    expect((await describeRun(run)).replays).toEqual([]);
  });
});

describe('a run that waits for an operation', () => {
  it('is not replayed, is cancelled, and parks', async () => {
    const run = await test.drop('cancelled', { 'train.csv': smallTable(150_000), 'eval.csv': smallTable() });
    const waits = async () =>
      (await describeIfThere(run))?.stages.find(({ state }) => state === 'waiting')?.stage;
    await expect.poll(waits, { timeout: ENDS_WITHIN_MS }).toBe('ingest');
    const cancelled = await baton.json<{ operations: { resource: string }[] }>('runs', 'cancel', run);
    expect(cancelled.operations.length).toBeGreaterThan(0);
    expect((await baton('runs', 'watch', run)).code).toBe(10);
    const { stages } = await describeRun(run);
    expect(stages.at(-1)).toMatchObject({ stage: 'ingest', state: 'parked' });
    expect((await baton('runs', 'cancel', run)).code).toBe(4);
  });
});

async function describeIfThere(run: RunId): Promise<RunDescription | undefined> {
  const { code, stdout } = await baton('--format', 'json', 'runs', 'describe', run);
  return code === 0 ? (JSON.parse(stdout) as RunDescription) : undefined;
}

describe('a message that no handler takes', () => {
  const parkedOn = async (subscription: string) =>
    (await baton.json<{ parked: ParkedView[] }>('events', 'list', '--limit', '1')).parked.filter(
      (message) => message.subscription === subscription,
    );

  async function publish(project: string, topic: string): Promise<void> {
    const { PubSub } = await import('@google-cloud/pubsub');
    await new PubSub({ projectId: project })
      .topic(topic)
      .publishMessage({ data: Buffer.from('not an event') });
  }

  it('is kept with its bytes, and redriven once', async () => {
    await publish('baton-nonprod', 'ingest-done');
    await expect.poll(() => parkedOn('train'), { timeout: ENDS_WITHIN_MS }).toHaveLength(1);
    const [{ id, code }] = await parkedOn('train');
    expect(code).toBe('BATON_EVENT_MALFORMED');
    expect((await baton('events', 'show', id)).stdout).toContain('not an event');

    const redrive = () => baton.json<{ messages: { result: string; as: string }[] }>('events', 'redrive', id);
    const { messages } = await redrive();
    expect(messages).toMatchObject([{ result: 'sent' }]);
    expect((await redrive()).messages).toMatchObject([{ result: 'same', as: messages[0].as }]);
    await expect
      .poll(async () => (await parkedOn('train')).map((it) => it.id), { timeout: ENDS_WITHIN_MS })
      .toContain(messages[0].as);
  });

  it('is redriven in production only when that is agreed to', async () => {
    await publish('baton-prod', 'deployed');
    await expect.poll(() => parkedOn('monitor'), { timeout: ENDS_WITHIN_MS }).toHaveLength(1);
    expect((await baton('events', 'redrive', '--subscription', 'monitor')).code).toBe(4);
    expect((await baton('events', 'redrive', '--subscription', 'monitor', '--yes')).code).toBe(0);
  });
});

describe('a run that a person asks for', () => {
  it('says in each of its events who that is; one of files that landed says nobody', async () => {
    const run = await dropUnheard('by-hand');
    const asked = await baton.json<{ run: RunId; event: Envelope }>('runs', 'start', 'by-hand');
    const starter = { authtype: 'user', authid: 'operator@example.com' };
    expect(asked).toMatchObject({ run, event: starter });
    const prepared = async () => (await describeIfThere(run))?.stages[0]?.state;
    await expect.poll(prepared, { timeout: ENDS_WITHIN_MS }).toBe('completed');
    expect((await baton('runs', 'watch', run)).code).toBe(10);
    const startersOf = async (of: RunId) => {
      const { events } = await eventsOf(of);
      const shown = await Promise.all(events.map(({ id }) => baton.json<EventView>('events', 'show', id)));
      return shown.flatMap(({ event }) => (event ? [[event.authtype, event.authid]] : []));
    };
    const everyTime = Object.values(starter);
    expect(await startersOf(run)).toEqual([everyTime, everyTime, everyTime, everyTime]);
    expect(new Set((await startersOf(first)).flat())).toEqual(new Set([undefined]));
  });
});

/** Drops files of whose landing nobody is told any more, as of those that lay there before. */
async function dropUnheard(name: string): Promise<RunId> {
  const [notifications] = await test.storage.bucket(test.buckets.nonprod).getNotifications();
  for (const notification of notifications) {
    const { object_name_prefix: prefix } = notification.metadata as { object_name_prefix?: string };
    if (prefix === layout.datasetsPrefix) await notification.delete();
  }
  return test.drop(name, smallDrop());
}

it('leaves nothing in a run folder but what the layout names', async () => {
  const [files] = await test.storage.bucket(test.buckets.nonprod).getFiles({ prefix: layout.replays(first) });
  expect(files.map(({ name }) => name)).toEqual([2, 3].map((attempt) => layout.replay(first, attempt)));
});
