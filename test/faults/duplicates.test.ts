import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { layout, type RunId, type StageName, stagesFrom } from '../../events/index.ts';
import { SeededRandom } from '../../local/faults/random.ts';
import type { StubCloud } from '../chaos/stub-cloud.ts';
import { endingsOf, expectOneOfEach, objectsUnder, startFaultyCloud } from './cloud.ts';
import { acknowledged, attemptOf, publishAgain } from './publish.ts';

const PATIENCE_MS = 120_000;
const COPIES = 20;
/** The stages that the run passes, and those of them that an event starts; a drop's files start the first one. */
const CHAIN = stagesFrom('prepare');
const HEARING = CHAIN.filter((stage) => stage !== 'prepare');

describe('deliveries that come again, or in another order', { timeout: PATIENCE_MS }, () => {
  let cloud: StubCloud;
  let run: RunId;
  beforeAll(async () => {
    cloud = await startFaultyCloud([
      { at: 'delivery', who: 'function train$', mentions: '"f1-', effect: { duplicate: COPIES } },
      { at: 'delivery', who: 'function prepare$', mentions: '/f5/', times: 2, effect: { duplicate: 3 } },
      {
        at: 'delivery',
        who: 'function settle$',
        what: 'eventarc',
        mentions: 'ingest-f5-',
        times: 20,
        effect: { duplicate: 2 },
      },
    ]);
    run = await cloud.start('plain');
    await cloud.ledger.ended([run], PATIENCE_MS);
  }, PATIENCE_MS);
  afterAll(() => cloud?.close());

  const duplicatesOf = (of: RunId, stage: StageName) =>
    objectsUnder(cloud, layout.duplicates({ run: of, stage, attempt: 1 }));

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

  it('F22 two hundred messages of one event at once are two hundred duplicates of one attempt', async () => {
    const ids = await publishAgain(cloud, run, 'evaluate', 200);
    await acknowledged(cloud, 'evaluate', ids);
    expect(await duplicatesOf(run, 'evaluate')).toEqual(
      expect.arrayContaining(ids.map((id) => layout.duplicate({ run, stage: 'evaluate', attempt: 1 }, id))),
    );
    expectPublishedOnce(run);
  });
});
