import { describe, expect, it } from 'vitest';
import { RunRequested, type StageName } from '../../events/index.ts';
import { planReplay } from '../../ops/replay/plan.ts';
import type { RunView } from '../../ops/runs/run-view.ts';
import {
  approved,
  attemptOf,
  DROP,
  deployed,
  event,
  ingested,
  NOW,
  parkedAt,
  parkedRun,
  passed,
  RUN,
  runOf,
  trained,
} from './run-views.ts';

const plan = (view: RunView, from: StageName, at = NOW) =>
  planReplay(view, { from, by: 'somebody@example.com', at, project: 'baton-nonprod' });

const minutesAfter = (time: Date, minutes: number) => new Date(time.getTime() + minutes * 60_000);

const STARTER = { authtype: 'user', authid: 'ada@example.com' } as const;

describe('a replay of a parked stage', () => {
  it('sends the event that the stage answered again, as the next attempt', () => {
    const { event, topic, record, sent } = plan(parkedRun(), 'train');
    expect(event).toEqual({ ...ingested, id: `${ingested.id}/replay/2`, replayof: ingested.id, attempt: 2 });
    expect(topic).toEqual({ tenant: 'nonprod', name: 'ingest-done' });
    expect(record).toMatchObject({ id: `${RUN}/replay/2`, attempt: 2, from: 'train', events: [event] });
    expect(sent).toBe(false);
  });

  it('says what runs again from there on, in which tenant, and what guards each effect', () => {
    const { again } = plan(parkedRun(), 'train');
    expect(again.map(({ stage, tenant }) => `${stage} ${tenant}`)).toEqual([
      ...['train nonprod', 'evaluate nonprod', 'approve prod', 'deploy prod', 'monitor prod', 'rollout prod'],
    ]);
    expect(again[0].effects[0].guard).toContain(`run=${RUN}, stage=train, attempt=2`);
  });

  it.each<StageName>(['train', 'prepare'])(
    'from %s keeps who started the run, whoever replays it',
    (from) => {
      const request = event(RunRequested, 'prepare', STARTER);
      const view = runOf(
        [
          attemptOf('prepare', { input: request }),
          attemptOf('train', {
            state: 'parked',
            input: { ...ingested, ...STARTER },
            event: { ...parkedAt('train'), ...STARTER },
          }),
        ],
        { state: 'parked' },
      );
      expect(plan(view, from).event).toMatchObject(STARTER);
      expect(plan(view, from).record.by).toBe('somebody@example.com');
    },
  );

  it('planned by two people is one replay', () => {
    const [one, other] = [plan(parkedRun(), 'train'), plan(parkedRun(), 'train', minutesAfter(NOW, 1))];
    expect(other.event).toEqual(one.event);
    expect(other.record.id).toBe(one.record.id);
  });

  it('of a replay names the event that came first, so that ids do not grow', () => {
    const again = plan(parkedRun(), 'train').event;
    const twice = runOf(
      [
        ...parkedRun().stages,
        attemptOf('train', { attempt: 2, state: 'parked', input: again, event: parkedAt('train', 2) }),
      ],
      { state: 'parked' },
    );
    expect(plan(twice, 'train').event).toMatchObject({
      id: `${ingested.id}/replay/3`,
      replayof: ingested.id,
    });
  });
});

describe('the event that is sent again', () => {
  it("is the stage before's, where the stage has never seen it", () => {
    const lost = runOf([attemptOf('train', { event: trained })]);
    expect(plan(lost, 'evaluate').event.replayof).toBe(trained.id);
  });

  it('is a request for the same files, where it is the first stage', () => {
    const run = runOf([attemptOf('prepare', { state: 'parked', event: parkedAt('prepare') })], {
      state: 'parked',
    });
    const { event, topic } = plan(run, 'prepare');
    expect(topic.name).toBe('drops');
    expect(event).toMatchObject({ id: `${DROP}/replay/2`, correlationid: RUN, attempt: 2 });
    expect(event.data).toMatchObject({ drop: 'census', generations: { train: '1', eval: '2' } });
  });

  it('is for each of the two stages after the deployment what it ended with, and runs no more than that one again', () => {
    const run = runOf([attemptOf('deploy', { event: deployed })], { state: 'parked' });
    for (const stage of ['monitor', 'rollout'] as const) {
      const { event, topic, again } = plan(run, stage);
      expect(event.replayof).toBe(deployed.id);
      expect(topic).toEqual({ tenant: 'prod', name: 'deployed' });
      expect(again.map((it) => it.stage)).toEqual([stage]);
    }
  });

  it('is in production for the stages after the first one there', () => {
    const run = runOf([attemptOf('evaluate', { event: passed }), attemptOf('approve', { event: approved })], {
      state: 'parked',
    });
    expect(plan(run, 'approve').topic).toEqual({ tenant: 'nonprod', name: 'eval-passed' });
    expect(plan(run, 'deploy').topic).toEqual({ tenant: 'prod', name: 'approved' });
  });

  it('does not exist where the stage before never ended with one', () => {
    expect(() => plan(parkedRun(), 'deploy')).toThrow(/no approved event to send again/);
  });
});

describe('a run in flight', () => {
  const operation = ['projects/p/locations/l/customJobs/1'];
  const waiting = attemptOf('train', { state: 'waiting', input: ingested, operation });
  const asking = attemptOf('approve', {
    ...{ state: 'waiting', input: passed },
    operation: [`gs://lake/runs/${RUN}/approve/1/approval.json`],
  });
  const claimed = attemptOf('train', { state: 'running', input: ingested, leaseUntil: NOW.toISOString() });
  const between = attemptOf('ingest', {
    event: { ...ingested, time: NOW.toISOString() },
    endedAt: NOW.toISOString(),
  });

  it.each([
    ['waits for an operation', waiting, /train \(attempt 1\) waits for .*customJobs\/1/],
    ['waits for somebody to decide', asking, /approve \(attempt 1\) waits for somebody.*approvals reject/],
    ['is being worked on', claimed, /is being worked on until/],
    ['is between two stages', between, /has ended, and the next stage begins/],
  ])('is not replayed while it %s', (_when, stage, says) => {
    const from = stage.stage === 'ingest' ? 'train' : stage.stage;
    const state = stage === asking ? 'awaiting-approval' : 'running';
    expect(() => plan(runOf([stage], { state }), from)).toThrow(says);
  });

  it('is not replayed while a replay from another stage has not begun', () => {
    const { record } = plan(parkedRun(), 'train');
    const sent = { ...parkedRun(), state: 'running' as const, latest: undefined, replays: [record] };
    expect(() => plan(sent, 'ingest')).toThrow(`${RUN}/replay/2 from train begins`);
  });

  it('is in the same replay when it is sent again from the same stage', () => {
    const { record, event } = plan(parkedRun(), 'train');
    const sent = { ...parkedRun(), state: 'running' as const, latest: undefined, replays: [record] };
    expect(plan(sent, 'train')).toMatchObject({ sent: true, event, record });
  });

  it.each([
    ['whose claim nobody took over', claimed, 'train'],
    ['whose next stage never began', between, 'train'],
  ] as const)('is stuck, and so replayed, a quarter of an hour later: one %s', (_which, stage, from) => {
    expect(plan(runOf([stage]), from, minutesAfter(NOW, 16)).record.attempt).toBe(2);
  });

  it('is not replayed while its rollout soaks, though it counts as monitored', () => {
    const soaking = attemptOf('rollout', { state: 'waiting', input: deployed });
    expect(() => plan(runOf([soaking], { state: 'monitored' }), 'deploy')).toThrow(
      /rollout .*models rollback/,
    );
  });

  it('is never stuck while its operation is outstanding', () => {
    expect(() => plan(runOf([waiting]), 'train', minutesAfter(NOW, 600))).toThrow(/in flight/);
  });
});
