import { describe, expect, it } from 'vitest';
import { DatasetReady } from '../../events/index.ts';
import { eventsOf } from '../../ops/events/history.ts';
import { explain } from '../../ops/events/why.ts';
import { planReplay } from '../../ops/replay/plan.ts';
import { attemptOf, DROP, event, ingested, NOW, parkedAt, parkedRun, RUN, runOf } from './run-views.ts';

const ready = event(DatasetReady, 'prepare');
const stages = [
  attemptOf('prepare', { event: ready }),
  attemptOf('ingest', { input: ready, event: ingested, duplicates: ['7'] }),
  attemptOf('train', { state: 'parked', input: ingested, event: parkedAt('train') }),
];
const run = runOf(stages, { state: 'parked' });
const events = eventsOf(run);
const why = (id: string) => explain(events.find((candidate) => candidate.id === id)!, events);

describe('the events of a run', () => {
  it('come in their order, each with what became of it', () => {
    expect(events.map(({ id, disposition }) => `${id} ${disposition}`)).toEqual([
      `${DROP} done`,
      `${ready.id} done`,
      `${ingested.id} parked`,
      `${RUN}/train/1/parked published`,
    ]);
  });

  it('F12 come after what caused them, whatever the clocks of two handlers say', () => {
    const ahead = { ...ready, time: new Date(Date.parse(ready.time) + 300_000).toISOString() };
    const [prepare, ingest, train] = stages;
    const skewed = eventsOf(
      runOf([{ ...prepare, event: ahead }, { ...ingest, input: ahead }, train], { state: 'parked' }),
    );
    expect(skewed.map(({ id }) => id)).toEqual(events.map(({ id }) => id));
    expect(Date.parse(skewed[1].time)).toBeGreaterThan(Date.parse(skewed[2].time));
  });

  it('tell why a stage was parked at the event that it could not answer', () => {
    expect(why(ingested.id)).toMatchObject({
      ...{ disposition: 'parked', answeredBy: { stage: 'train', attempt: 1 } },
      ...{ code: 'BATON_OPERATION_FAILED', reason: 'the job failed', advice: 'look' },
    });
  });

  it('tell of the deliveries that were duplicates', () => {
    expect(why(ready.id).duplicates).toEqual(['7']);
  });
});

describe('why an event is there', () => {
  it('is told back to the files that landed', () => {
    expect(why(`${RUN}/train/1/parked`).chain.map(({ id }) => id)).toEqual([
      ...[`${RUN}/train/1/parked`, ingested.id, ready.id, DROP],
    ]);
  });

  it('is told of a replay by the event that it sends again', () => {
    const { record } = planReplay(parkedRun(), { from: 'train', by: 'x', at: NOW, project: 'p' });
    const replayed = eventsOf({ ...run, replays: [record] });
    const { chain, disposition } = explain(replayed.at(-1)!, replayed);
    expect(disposition).toBe('waiting');
    expect(chain.map(({ how }) => how)).toEqual([
      `sent again for ${ingested.id}`,
      `because of ${ready.id}`,
      `because of ${DROP}`,
      'the files landed',
    ]);
  });

  it('ends where events say that they caused each other', () => {
    const loop = eventsOf(runOf([attemptOf('ingest', { input: { ...ready, causationid: ready.id } })]));
    expect(explain(loop[0], loop).chain).toHaveLength(1);
  });
});
