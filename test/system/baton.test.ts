import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Envelope, layout, RunId } from '../../events/index.ts';
import type { EventView } from '../../ops/events/history.ts';
import type { Explanation } from '../../ops/events/why.ts';
import { smallTable, startTestCloud, type TestCloud } from '../end-to-end/cloud.ts';
import { type CommandLine, commandLineTo, run as runBaton } from '../ops/command-line.ts';
import { Questions } from '../ops/questions.ts';
import { seedDeployment } from '../ops/seed.ts';
import { deleteJob, dropUnheard, PARKED_AT_TRAIN, publishNoEvent, twoRuns } from './arrangements.ts';

/** The shell's, from before anything leads this process to the cloud. */
const shell = { ...process.env };

const ENDS_WITHIN_MS = 120_000;
const within = { timeout: ENDS_WITHIN_MS };

let test: TestCloud;
let baton: CommandLine;
let ask: Questions;
let first: RunId;
let second: RunId;

beforeAll(async () => {
  test = await startTestCloud({ config: PARKED_AT_TRAIN });
  baton = await commandLineTo(test.cloud, shell);
  ask = new Questions(baton);
  [first, second] = await twoRuns(test, ENDS_WITHIN_MS);
});
afterAll(async () => {
  baton?.close();
  await test?.close();
});

describe('runs', () => {
  it('are listed the latest first, as many as are asked for', async () => {
    const { runs, more } = await ask.list('--limit', '1');
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
    const { runs } = await ask.list(...filter);
    expect(runs).toHaveLength(count);
  });

  it('are described stage by stage, with the reason and what to do', async () => {
    const { stages } = await ask.describe(first);
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
    const { stages, machineHours } = await ask.describe(second);
    const [prepare, ingest, train] = stages.map(({ machines = [] }) => machines);
    expect(prepare).toEqual([]);
    expect(ingest.map(({ machines }) => machines)).toEqual([
      [{ type: 'n1-standard-1', count: 1 }],
      [{ type: 'n1-standard-1', count: 1 }],
    ]);
    expect(train).toMatchObject([{ machines: [{ type: 'n1-standard-4', count: 1 }] }]);
    const hours = [...ingest, ...train].map((use) => use.hours ?? Number.NaN);
    const total = hours.reduce((sum, each) => sum + each);
    expect(Math.min(...hours)).toBeGreaterThan(0);
    expect(machineHours).toBeCloseTo(total, 5);

    await deleteJob(train[0].resource);
    const { stages: later } = await ask.describe(second);
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

describe('an event', () => {
  it('is explained back to the files that landed', async () => {
    const { events } = await ask.events(first);
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
    expect((await ask.describe(first)).replays).toEqual([]);
  });

  it('sent by two at once is one, and the earlier attempt stays readable', async () => {
    const both = [1, 2].map(() => ask.replay(first));
    const results = (await Promise.all(both)).map(({ replays }) => replays[0].result);
    expect(results.sort()).toEqual(['same', 'sent']);
    expect((await baton('runs', 'watch', first)).code).toBe(10);
    expect(await ask.attempts(first, 'train')).toEqual(['1 parked', '2 parked']);
    expect((await ask.describe(first)).replays).toMatchObject([{ id: `${first}/replay/2`, from: 'train' }]);
  });

  it('of many that is interrupted goes on where it was, and sends nothing twice', async () => {
    const filter = ['--where', 'state=parked', '--stage', 'train', '--since', '1h'];
    const bulk = baton.start('--format', 'json', 'runs', 'replay', ...filter, '--rate', '1/h');
    await expect.poll(bulk.said, within).toContain('1/2');
    bulk.interrupt();
    const { code, stdout } = await bulk.answer;
    expect(code).toBe(130);
    const { batch, replays } = JSON.parse(stdout) as { batch: string; replays: { result: string }[] };
    expect(replays).toMatchObject([{ result: 'sent' }]);

    const resumed = await ask.replay('--resume', batch, '--rate', '10/s');
    expect(resumed.replays.map(({ result }) => result)).toEqual(['same', 'sent']);
    for (const run of [first, second]) expect((await baton('runs', 'watch', run)).code).toBe(10);
    expect(await ask.attempts(first, 'train')).toEqual(['1 parked', '2 parked', '3 parked']);
    expect(await ask.attempts(second, 'train')).toEqual(['1 parked', '2 parked']);
  });

  it('that begins in production is refused without a terminal, unless it is agreed to', async () => {
    const run = RunId.parse('seeded-0123456789');
    await seedDeployment(test, run);
    const { code, stderr } = await baton('runs', 'replay', run, '--from', 'approve');
    expect(code).toBe(4);
    expect(stderr).toMatch(/production project baton-prod.*--yes/s);
    expect((await ask.describe(run)).replays).toEqual([]);
  });
});

describe('a run that waits for an operation', () => {
  it('is not replayed, is cancelled, and parks', async () => {
    const run = await test.drop('cancelled', { 'train.csv': smallTable(150_000), 'eval.csv': smallTable() });
    const waits = async () =>
      (await ask.describeIfThere(run))?.stages.find(({ state }) => state === 'waiting')?.stage;
    await expect.poll(waits, within).toBe('ingest');
    const cancelled = await baton.json<{ operations: { resource: string }[] }>('runs', 'cancel', run);
    expect(cancelled.operations.length).toBeGreaterThan(0);
    expect((await baton('runs', 'watch', run)).code).toBe(10);
    const { stages } = await ask.describe(run);
    expect(stages.at(-1)).toMatchObject({ stage: 'ingest', state: 'parked' });
    expect((await baton('runs', 'cancel', run)).code).toBe(4);
  });
});

describe('a message that no handler takes', () => {
  it('is kept with its bytes, and redriven once', async () => {
    await publishNoEvent('baton-nonprod', 'ingest-done');
    await expect.poll(() => ask.parkedOn('train'), within).toHaveLength(1);
    const [{ id, code }] = await ask.parkedOn('train');
    expect(code).toBe('BATON_EVENT_MALFORMED');
    expect((await baton('events', 'show', id)).stdout).toContain('not an event');

    const redrive = () => baton.json<{ messages: { result: string; as: string }[] }>('events', 'redrive', id);
    const { messages } = await redrive();
    expect(messages).toMatchObject([{ result: 'sent' }]);
    expect((await redrive()).messages).toMatchObject([{ result: 'same', as: messages[0].as }]);
    const ids = async () => (await ask.parkedOn('train')).map((message) => message.id);
    await expect.poll(ids, within).toContain(messages[0].as);
  });

  it('is redriven in production only when that is agreed to', async () => {
    await publishNoEvent('baton-prod', 'deployed');
    await expect.poll(() => ask.parkedOn('monitor'), within).toHaveLength(1);
    expect((await baton('events', 'redrive', '--subscription', 'monitor')).code).toBe(4);
    expect((await baton('events', 'redrive', '--subscription', 'monitor', '--yes')).code).toBe(0);
  });
});

describe('a run that a person asks for', () => {
  it('says in each of its events who that is; one of files that landed says nobody', async () => {
    const run = await dropUnheard(test, 'by-hand');
    const asked = await baton.json<{ run: RunId; event: Envelope }>('runs', 'start', 'by-hand');
    const starter = { authtype: 'user', authid: 'operator@example.com' };
    expect(asked).toMatchObject({ run, event: starter });
    const prepared = async () => (await ask.describeIfThere(run))?.stages[0]?.state;
    await expect.poll(prepared, within).toBe('completed');
    expect((await baton('runs', 'watch', run)).code).toBe(10);
    const everyTime = Object.values(starter);
    expect(await ask.starters(run)).toEqual([everyTime, everyTime, everyTime, everyTime]);
    expect(new Set((await ask.starters(first)).flat())).toEqual(new Set([undefined]));
  });
});

it('leaves nothing in a run folder but what the layout names', async () => {
  const [files] = await test.storage.bucket(test.buckets.nonprod).getFiles({ prefix: layout.replays(first) });
  expect(files.map(({ name }) => name)).toEqual([2, 3].map((attempt) => layout.replay(first, attempt)));
});
