import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  AttemptRecord,
  DROP_FILES,
  type DropFile,
  type Envelope,
  IngestDone,
  layout,
  type RunId,
  type StageName,
  stagesFrom,
  toPubsubMessage,
} from '../../events/index.ts';
import type { FaultPlan } from '../../local/faults/plan.ts';
import { SeededRandom } from '../../local/faults/random.ts';
import type { StubCloud } from '../chaos/stub-cloud.ts';
import { Deliveries } from '../end-to-end/deliveries.ts';
import { commandLineTo } from '../ops/command-line.ts';
import { createdFor, endingsOf, expectOneOfEach, objectsUnder, readJson, startFaultyCloud } from './cloud.ts';
import { acknowledged, attemptOf, publishAgain, publishAll } from './publish.ts';

const shell = { ...process.env };
const PATIENCE_MS = 120_000;
const COPIES = 20;
/** The stages that the run passes, and those of them that an event starts; a drop's files start the first one. */
const CHAIN = stagesFrom('prepare');
const HEARING = CHAIN.filter((stage) => stage !== 'prepare');
/** Long enough for a message to be published while the claim of a process that was killed stands. */
const LEASE_SECONDS = 15;

const RULES: FaultPlan['rules'] = [
  { at: 'delivery', who: 'function train$', mentions: '"f1-', effect: { duplicate: COPIES } },
  { at: 'delivery', who: 'function prepare$', mentions: '/f5/', times: 2, effect: { duplicate: 3 } },
  {
    ...{ at: 'delivery', who: 'function settle$', what: 'eventarc', mentions: 'ingest-f5-' },
    times: 20,
    effect: { duplicate: 2 },
  },
  { at: 'delivery', who: 'function ingest$', mentions: '"f5-half-', effect: { delayMs: 3000 } },
  // The bucket's own notifications; then, of the test's, the one that comes again as its process was killed.
  { at: 'delivery', who: 'function prepare$', mentions: '/f5-killed/', times: 2, effect: { drop: true } },
  { at: 'delivery', who: 'function prepare$', mentions: '/f5-killed/train', nth: 3, effect: { drop: true } },
  {
    ...{ at: 'call', who: 'function prepare$', what: '/upload/', mentions: 'runs/f5-killed-.*/run.json' },
    effect: { kill: 'before' },
  },
];

describe('deliveries that come again, or in another order', { timeout: PATIENCE_MS }, () => {
  let cloud: StubCloud;
  let run: RunId;
  beforeAll(async () => {
    cloud = await startFaultyCloud(RULES, { 'baton:leaseSeconds': String(LEASE_SECONDS) });
    run = await cloud.start('plain');
    await cloud.ledger.ended([run], PATIENCE_MS);
  }, PATIENCE_MS);
  afterAll(() => cloud?.close());

  const duplicatesOf = (of: RunId, stage: StageName) =>
    objectsUnder(cloud, layout.duplicates({ run: of, stage, attempt: 1 }));

  /** What makes the event that wakes train one of another run. */
  const ofRun = (other: RunId) => ({
    id: `${other}/ingest/1/${IngestDone.name}`,
    ...{ subject: other, correlationid: other },
  });

  /** One run's worth of effects, and one ending of each stage, published once. */
  const expectPublishedOnce = (of: RunId) => {
    expectOneOfEach(cloud, of);
    for (const stage of CHAIN) {
      expect(
        endingsOf(cloud, of, stage).map((id) => cloud.ledger.published.get(id)),
        stage,
      ).toEqual([1]);
    }
  };

  it('F1 one message delivered 21 times at once has one effect and one outgoing event, and one duplicate on record', async () => {
    const f1 = await cloud.start('f1');
    expect(await cloud.ledger.ended([f1], PATIENCE_MS)).toMatchObject([{ event: 'monitored' }]);
    expect(cloud.cloud.injectedFaults().filter(({ rule }) => rule === 0)).toHaveLength(1);
    expectPublishedOnce(f1);
    const { cause } = await attemptOf(cloud, f1, 'train');
    await acknowledged(cloud, 'train', [cause.deliveryId]);
    expect(await duplicatesOf(f1, 'train')).toEqual([
      layout.duplicate({ run: f1, stage: 'train', attempt: 1 }, cause.deliveryId),
    ]);
  });

  it('F3 an event republished after its run has ended, with new message ids, is recognised each time', async () => {
    const ids = await publishAgain(cloud, run, 'train', 3);
    await acknowledged(cloud, 'train', ids);
    expect((await duplicatesOf(run, 'train')).sort()).toEqual(
      ids.map((id) => layout.duplicate({ run, stage: 'train', attempt: 1 }, id)).sort(),
    );
    expectPublishedOnce(run);
  });

  it('F2 no lifecycle rule takes a run folder away while an event of the run may still come', async () => {
    for (const bucket of Object.values(cloud.buckets)) {
      const [{ lifecycle }] = await cloud.storage.bucket(bucket).getMetadata();
      const rules = lifecycle?.rule ?? [];
      expect(rules.length).toBeGreaterThan(0);
      for (const { condition } of rules) {
        expect(condition.matchesPrefix?.length).toBeGreaterThan(0);
        expect(condition.matchesPrefix?.filter((prefix) => 'runs/'.startsWith(prefix))).toEqual([]);
      }
    }
  });

  it("F4 a run's events in any order again leave the run as it was", async () => {
    const before = await Promise.all(CHAIN.map((stage) => attemptOf(cloud, run, stage)));
    const random = new SeededRandom(4);
    for (let permutation = 0; permutation < 6; permutation++) {
      const order = HEARING.map((stage) => ({ stage, place: random.next() })).sort(
        (a, b) => a.place - b.place,
      );
      await Promise.all(
        order.map(async ({ stage }) => acknowledged(cloud, stage, await publishAgain(cloud, run, stage))),
      );
    }
    expect(await Promise.all(CHAIN.map((stage) => attemptOf(cloud, run, stage)))).toEqual(before);
    expectPublishedOnce(run);
  });

  it('F5 both files landing at once, and both ingests ending at once, each told of several times, start one train', async () => {
    const f5 = await cloud.start('f5');
    expect(await cloud.ledger.ended([f5], PATIENCE_MS)).toMatchObject([{ event: 'monitored' }]);
    const met = new Set(cloud.cloud.injectedFaults().map(({ rule }) => rule));
    expect([met.has(1), met.has(2)]).toEqual([true, true]);
    expectPublishedOnce(f5);
    const { input } = await attemptOf(cloud, f5, 'train');
    expect(input?.data).toMatchObject({ rows: { train: 4, eval: 4 } });
  });

  it('F5 an event with a null in it, or nothing but null, is parked with the place, and starts nothing', async () => {
    const whole = (await attemptOf(cloud, run, 'train')).input as Envelope;
    const hurt: [place: string, data: unknown][] = [
      ['rows.eval: ', { ...(whole.data as object), rows: { train: 4, eval: null } }],
      ['data: ', null],
    ];
    for (const [index, [place, data]] of hurt.entries()) {
      const other = `f5-null-${index}` as RunId;
      await publishAll(cloud, 'nonprod', 'ingest-done', [
        toPubsubMessage({ ...whole, ...ofRun(other), data }),
      ]);
      expect(await cloud.ledger.ended([other], PATIENCE_MS)).toMatchObject([{ event: 'parked' }]);
      expect((await attemptOf(cloud, other, 'train')).ending?.data).toMatchObject({
        code: 'BATON_EVENT_MALFORMED',
        reason: expect.stringContaining(place),
      });
      expect(createdFor(cloud, other)).toEqual([]);
    }
  });

  it('F5 an event with a null in it that comes before the whole one stops its run, and a replay starts one train, with both tables', async () => {
    const whole = (await attemptOf(cloud, run, 'train')).input as Envelope;
    const f5 = await cloud.start('f5-half');
    const data = { ...(whole.data as object), snapshot: { train: null } };
    await publishAll(cloud, 'nonprod', 'ingest-done', [toPubsubMessage({ ...whole, ...ofRun(f5), data })]);
    expect(await cloud.ledger.ended([f5], PATIENCE_MS)).toMatchObject([{ event: 'parked' }]);
    await expect.poll(() => duplicatesOf(f5, 'train'), { timeout: PATIENCE_MS }).toHaveLength(1);

    const baton = await commandLineTo(cloud.cloud, shell);
    expect((await baton('runs', 'replay', f5, '--reason', 'the event was not whole')).code).toBe(0);
    expect((await baton('runs', 'watch', f5)).code).toBe(0);
    baton.close();
    expect(createdFor(cloud, f5).map(([, times]) => times)).toEqual(Array(6).fill(1));
    const again = layout.attemptRecord({ run: f5, stage: 'train', attempt: 2 });
    const { input } = AttemptRecord.parse(await readJson(cloud, 'nonprod', again));
    expect(input?.data).toMatchObject({ rows: { train: 4, eval: 4 } });
  });

  it('F5 a run whose first message was acknowledged, and its copy killed at work, is prepared by the second file’s', async () => {
    const deliveries = new Deliveries(cloud);
    const announce = (file: DropFile) => deliveries.announce(layout.drop('f5-killed') + DROP_FILES[file]);
    const met = (effect: object) =>
      expect.poll(
        () => cloud.cloud.injectedFaults().filter((fault) => isDeepStrictEqual(fault.effect, effect)).length,
        { timeout: PATIENCE_MS },
      );

    const f5 = await cloud.start('f5-killed');
    await met({ drop: true }).toBe(2);
    await announce('train');
    await met({ kill: 'before' }).toBe(1);
    const second = await announce('eval');
    expect(await cloud.ledger.ended([f5], PATIENCE_MS)).toMatchObject([{ event: 'monitored' }]);
    expectPublishedOnce(f5);
    await met({ drop: true }).toBe(3);
    const outcomes = () => deliveries.deliveredTo('prepare').get(second) ?? [];
    await expect.poll(() => outcomes().at(-1), { timeout: PATIENCE_MS }).toBe('acked');
    expect(outcomes().length).toBeGreaterThan(1);
  });

  it('F22 a thousand messages of one event at once are a thousand duplicates of one attempt', async () => {
    const before = await attemptOf(cloud, run, 'evaluate');
    const ids = await publishAgain(cloud, run, 'evaluate', 1000);
    await acknowledged(cloud, 'evaluate', ids);
    const recorded = new Set(await duplicatesOf(run, 'evaluate'));
    const key = { run, stage: 'evaluate', attempt: 1 } as const;
    expect(ids.filter((id) => !recorded.has(layout.duplicate(key, id)))).toEqual([]);
    expect(new Set(ids).size).toBe(1000);
    expect(await attemptOf(cloud, run, 'evaluate')).toEqual(before);
    expectPublishedOnce(run);
  });
});
