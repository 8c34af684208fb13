import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { layout, type RunId } from '../../events/index.ts';
import type { FaultPlan } from '../../local/faults/plan.ts';
import type { EventView } from '../../ops/events/history.ts';
import type { StubCloud } from '../chaos/stub-cloud.ts';
import { commandLineTo } from '../ops/command-line.ts';
import { expectOneOfEach, objectsUnder, startFaultyCloud } from './cloud.ts';

const shell = { ...process.env };
const PATIENCE_MS = 150_000;
const FIVE_MINUTES_MS = 300_000;

/** Longer than a first request takes on a busy machine: each of the processes here handles one request at a time. */
const LEASE_SECONDS = 10;

/** Stops train's owner when it has claimed a run's attempt, for so long. */
const suspendOwner = (drop: string, ms: number): FaultPlan['rules'][number] => ({
  at: 'call',
  who: 'function train$',
  what: '^POST storage\\.googleapis\\.com/upload/',
  mentions: `name=runs/${drop}-[0-9a-f]{10}/train/1/attempt\\.json`,
  effect: { suspend: 'after', ms },
});

const wrong = (who: string, skewMs: number[], swingEveryMs?: number): FaultPlan['rules'][number] => ({
  ...{ at: 'start', who, share: 1 },
  effect: { skewMs, swingEveryMs },
});

/** Train's processes are told when to be where; all the others' clocks go back by ten minutes time and again. */
const CLOCKS = [
  wrong('function train$', [-FIVE_MINUTES_MS, FIVE_MINUTES_MS]),
  wrong('function prepare$', [FIVE_MINUTES_MS]),
  wrong('baton-nonprod/function settle$', [-FIVE_MINUTES_MS]),
  wrong('/function ', [-FIVE_MINUTES_MS, FIVE_MINUTES_MS], 200),
];

const RULES: FaultPlan['rules'] = [
  { at: 'delivery', who: 'function train$', mentions: '"f12-', effect: { duplicate: 3, withinMs: 1000 } },
  suspendOwner('f12', 3000),
  { at: 'delivery', who: 'function train$', mentions: '"f13-', effect: { duplicate: 4, withinMs: 20_000 } },
  suspendOwner('f13', 2 * LEASE_SECONDS * 1000 + 2000),
  {
    at: 'call',
    who: 'function train$',
    what: '/CreateCustomJob$',
    mentions: 'f23-',
    effect: { terminate: 'before' },
  },
  {
    ...{ at: 'call', who: 'function prepare$', mentions: 'name=outstanding/prepare/f13-late-' },
    effect: { suspend: 'before', ms: 10_000 },
  },
  ...CLOCKS,
];

// Each request has an instance of its own, and so each delivery a process with a clock of its own.
describe('an owner that is slow, interrupted, or wrong about the time', { timeout: PATIENCE_MS }, () => {
  let cloud: StubCloud;
  let first: RunId;
  beforeAll(async () => {
    cloud = await startFaultyCloud(RULES, {
      'baton:requestConcurrency': '1',
      'baton:leaseSeconds': String(LEASE_SECONDS),
    });
    // The owner's clients are loaded by then, so that its lease is only used up where a test says so.
    first = await cloud.start('first');
    await cloud.ledger.ended([first], PATIENCE_MS);
  }, PATIENCE_MS);
  afterAll(() => cloud?.close());

  /** How often the record of train's attempt was written: a claim, perhaps taken over, and an ending. */
  const trainAfter = async (drop: string, ...rules: number[]) => {
    const run = await cloud.start(drop);
    expect(await cloud.ledger.ended([run], PATIENCE_MS)).toMatchObject([{ event: 'monitored' }]);
    const met = cloud.cloud.injectedFaults().map(({ rule }) => rule);
    expect(rules.map((rule) => met.filter((one) => one === rule).length)).toEqual(rules.map(() => 1));
    expectOneOfEach(cloud, run);
    return { written: cloud.ledger.written.get(`runs/${run}/train/1/attempt.json`) };
  };

  it('F12 keeps its claim within the lease from those whose clocks are five minutes ahead', async () => {
    expect(await trainAfter('f12', 0, 1)).toEqual({ written: 2 });
    const skews = cloud.cloud.injectedFaults().filter(({ at }) => at === 'start');
    expect(skews.length).toBeGreaterThan(4);
  });

  it('F12 ends a run as ever whose clocks go back in the middle, and tells its events causes first', async () => {
    expectOneOfEach(cloud, first);
    const baton = await commandLineTo(cloud.cloud, shell);
    const { events } = await baton.json<{ events: EventView[] }>('events', 'list', '--run', first);
    baton.close();
    const places = new Map(events.map(({ id }, place) => [id, place]));
    const caused = events.filter(({ causationid }) => causationid);
    for (const { id, causationid } of caused)
      expect(places.get(id)).toBeGreaterThan(places.get(String(causationid))!);
    expect(caused.length).toBeGreaterThan(5);
    const [ready, ingested] = ['dataset-ready', 'ingest-done'].map((event) =>
      events.find(({ name }) => name === event),
    );
    expect(Date.parse(String(ready?.time))).toBeGreaterThan(Date.parse(String(ingested?.time)));
  });

  it('F13 suspended for twice its lease is fenced: the one who took over ends the attempt, and nobody else', async () => {
    expect(await trainAfter('f13', 2, 3)).toEqual({ written: 3 });
  });

  it('F13 suspended before it wrote that a drop waits, until its rest had landed, leaves nothing that waits', async () => {
    const drop = (file: 'train.csv' | 'eval.csv') =>
      cloud.drop('f13-late', { [file]: 'amount,label\n1,yes\n2,no\n' });
    await drop('train.csv');
    const suspended = () => cloud.cloud.injectedFaults().filter(({ rule }) => rule === 5).length;
    await expect.poll(suspended, { timeout: PATIENCE_MS }).toBe(1);
    await drop('eval.csv');
    const runs = async () =>
      (await objectsUnder(cloud, 'runs/f13-late-')).filter((name) => name.endsWith('/run.json'));
    await expect.poll(runs, { timeout: PATIENCE_MS }).toHaveLength(1);
    const run = (await runs())[0]!.split('/')[1] as RunId;
    expect(await cloud.ledger.ended([run], PATIENCE_MS)).toMatchObject([{ event: 'monitored' }]);
    await expect
      .poll(() => objectsUnder(cloud, layout.duplicates({ run, stage: 'prepare', attempt: 1 })), {
        timeout: PATIENCE_MS,
      })
      .toHaveLength(1);
    expect(await objectsUnder(cloud, `${layout.outstandingPrefix}prepare/f13-late-`)).toEqual([]);
    expectOneOfEach(cloud, run);
  });

  it('F23 asked to end in the middle of its work leaves one effect and one ending', async () => {
    await trainAfter('f23', 4);
  });
});
