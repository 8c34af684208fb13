import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Envelope,
  type EventContract,
  parseEvent,
  RolledBack,
  type RunId,
  Superseded,
} from '../../events/index.ts';
import { OPERATOR } from '../../local/declared-policy.ts';
import { endpointOf } from '../../ops/demo/monitored-endpoint.ts';
import { sendTraffic } from '../../ops/demo/traffic.ts';
import type { VersionDescription } from '../../ops/models/describe.ts';
import type { ModelView } from '../../ops/models/registry.ts';
import { type RunView, readRun } from '../../ops/runs/run-view.ts';
import { type StubCloud, startStubCloud } from '../chaos/stub-cloud.ts';
import { APPROVER, decideAs } from '../end-to-end/decide.ts';
import { type CommandLine, commandLineTo } from '../ops/command-line.ts';
import { Questions } from '../ops/questions.ts';
import { Production } from './production.ts';

/** The shell's, from before anything leads this process to the cloud. */
const shell = { ...process.env };
/** Far more than anything takes here, so that it ends visibly where something is stuck. */
const PATIENCE_MS = 120_000;
const within = { timeout: PATIENCE_MS, interval: 200 };

const viewOf = ({ storage, buckets }: StubCloud, run: RunId) => readRun(storage, buckets, run);
const stageOf = ({ stages }: RunView, name: string) => stages.findLast(({ stage }) => stage === name);

/** What a run's latest attempt that ended so ended with. */
async function endingOf<Data>(cloud: StubCloud, run: RunId, contract: EventContract<Data>): Promise<Data> {
  const { stages } = await viewOf(cloud, run);
  const event = stages.findLast(({ event }) => event?.type === contract.type)?.event;
  return parseEvent(contract, event as Envelope).data;
}

/** What happens to a rollout while a share soaks: here the first one, for an hour. */
describe('a rollout that soaks', { timeout: PATIENCE_MS * 2 }, () => {
  let cloud: StubCloud;
  let baton: CommandLine;
  let production: Production;
  const runs: Record<'one' | 'two' | 'three', RunId> = { one: '', two: '', three: '' } as never;

  const rollBack = (...args: string[]) => baton('--format', 'json', 'models', 'rollback', ...args, '--yes');
  const soaks = async (run: RunId) => stageOf(await viewOf(cloud, run), 'rollout')?.progress?.share;

  beforeAll(async () => {
    const plan = {
      steps: [25, 50, 100],
      soakSeconds: 3600,
      abort: { drift: true, maxErrorRate: 0.05, minRequests: 10 },
    };
    const watch = {
      skew: { amount: 0.5 },
      drift: {},
      samplingRate: 1,
      intervalSeconds: 24 * 3600,
      emails: [],
    };
    cloud = await startStubCloud({
      // Two who ask at once start seconds apart on a busy machine: the first one's rollback begins when both have asked.
      faults: {
        seed: 1,
        rules: [{ at: 'delivery', who: '/function rollback$', effect: { delayMs: 10_000 } }],
      },
      config: {
        'baton:rollout': JSON.stringify(plan),
        'baton:monitor': JSON.stringify(watch),
        'baton:operators': JSON.stringify([`user:${OPERATOR}`]),
        'baton:approval': JSON.stringify({ required: false, approvers: [`user:${APPROVER}`] }),
      },
    });
    baton = await commandLineTo(cloud.cloud, shell);
    production = new Production(cloud.cloud);
    runs.one = await cloud.start('one');
    await cloud.ended(runs.one, PATIENCE_MS);
    runs.two = await cloud.start('two');
    await cloud.ended(runs.two, PATIENCE_MS);
  }, PATIENCE_MS * 3);
  afterAll(async () => {
    baton?.close();
    await cloud?.close();
  });

  it('counts as monitored while it soaks, and says until when', async () => {
    expect(await production.serving()).toEqual(['2 challenger 25', '1 champion 75']);
    expect(await baton.json<ModelView>('models', 'list')).toEqual(await production.models());
    const { state, stages } = await new Questions(baton).describe(runs.two);
    expect(state).toBe('monitored');
    expect(stages.at(-1)).toMatchObject({
      stage: 'rollout',
      state: 'waiting',
      progress: { share: 25, next: 50 },
    });
    expect((await baton('runs', 'describe', runs.two)).stdout).toMatch(
      /25 % of the traffic until .*, then 50 %/,
    );
  });

  it('is no operation that is cancelled: a rollback ends it', async () => {
    const { code, stderr } = await baton('runs', 'cancel', runs.two);
    expect([code, stderr]).toEqual([4, expect.stringContaining('baton models rollback')]);
  });

  it("keeps the version's evaluation in the registry, with the decision and its numbers", async () => {
    const version = await baton.json<VersionDescription>('models', 'describe', 'challenger');
    expect(version).toMatchObject({ version: '2', run: runs.two, rollout: { share: 25 } });
    expect(version.evaluation).toMatchObject({
      decision: 'passed',
      comparisons: [{ metric: 'accuracy', passed: true }],
      metrics: { rows: expect.any(Number) },
    });
  });

  it('keeps the endpoint: a newer run waits for it, and uploads nothing', async () => {
    runs.three = await cloud.start('three');
    const waits = async () => stageOf(await viewOf(cloud, runs.three), 'deploy')?.operation;
    await expect.poll(waits, within).toEqual([cloud.cloud.output('prod', 'endpoint')]);
    expect((await production.models()).versions).toHaveLength(2);
  });

  it('is rolled back by operators only, and only from what its run has deployed', async () => {
    const request = { kind: 'rollback', run: runs.two, attempt: 2, from: '2', to: '1', reason: 'x' } as const;
    const answers = await Promise.all([
      decideAs(cloud.cloud, APPROVER, request),
      decideAs(cloud.cloud, OPERATOR, { ...request, from: '1', to: '2' }),
      decideAs(cloud.cloud, OPERATOR, { ...request, to: '2' }),
    ]);
    expect(answers.map(({ status, data }) => [status, data.code])).toEqual([
      [403, 'BATON_CALLER_NOT_ALLOWED'],
      [409, 'BATON_ROLLBACK_OUTDATED'],
      [400, 'BATON_DECISION_MALFORMED'],
    ]);
    expect(answers[0].data.reason).toContain('baton:operators');
    expect(answers[1].data.reason).toBe(`${runs.two} has deployed no version 1`);
    expect(await production.serving()).toEqual(['2 challenger 25', '1 champion 75']);
  });

  it('F24 loses the endpoint to a rollback, of which two at once are one', async () => {
    const plan = await baton.json('models', 'rollback', '--to', 'previous', '--reason', 'x', '--dry-run');
    expect(plan).toMatchObject({ run: runs.two, from: '2', to: '1', deploys: false, undeployed: ['2'] });
    const both = [1, 2].map(() => rollBack('--to', 'previous', '--reason', 'it answers nonsense'));
    expect((await Promise.all(both)).map(({ code }) => code)).toEqual([0, 0]);

    const ended = [...cloud.ledger.published.keys()].filter((id) => id.endsWith('/rolled-back'));
    expect(ended).toEqual([`${runs.two}/rollback/2/rolled-back`]);
    const { trafficSplit, deployedModelId, ...told } = await endingOf(cloud, runs.two, RolledBack);
    expect(trafficSplit).toEqual({ [deployedModelId]: 100 });
    expect(told).toMatchObject({ from: '2', to: '1', cause: 'request', reason: 'it answers nonsense' });
    expect(told.actor).toBe(OPERATOR);
    const other = {
      kind: 'rollback',
      run: runs.two,
      attempt: 2,
      from: '2',
      to: '3',
      reason: 'late',
    } as const;
    const { status, data } = await decideAs(cloud.cloud, OPERATOR, other);
    expect([status, data.code]).toEqual([409, 'BATON_ROLLBACK_OUTDATED']);
    expect(data.reason).toContain(`${OPERATOR} asked for 1 in place of 2`);
    const overtaken = async () => stageOf(await viewOf(cloud, runs.two), 'rollout')?.state;
    await expect.poll(overtaken, within).toBe('superseded');
    expect(await endingOf(cloud, runs.two, Superseded)).toMatchObject({
      by: { run: runs.two, stage: 'rollback' },
    });
    expect((await baton('runs', 'watch', runs.two)).code).toBe(17);
  });

  it('gives the endpoint free, and the run that waited goes on, beside the champion that is back', async () => {
    await expect.poll(() => soaks(runs.three), within).toBe(25);
    expect(await production.serving()).toEqual(['3 challenger 25', '1 champion 75']);
  });

  it('goes back by itself when an anomaly is measured on the version', async () => {
    const { endpoint, monitoringJob } = endpointOf(await cloud.ended(runs.three, PATIENCE_MS));
    // Enough that a quarter of the traffic comes to some, with all but certainty: (3/4)^100 is below 10^-12.
    const strange = Array.from({ length: 100 }, () => ({ amount: 1_000_000 }));
    await sendTraffic(endpoint, strange, 'label', 1);
    await cloud.cloud.runMonitoring(monitoringJob);
    const state = async () => (await viewOf(cloud, runs.three)).state;
    await expect.poll(state, within).toBe('rolled-back');
    const told = await endingOf(cloud, runs.three, RolledBack);
    expect(told).toMatchObject({ from: '3', to: '1', cause: 'abort', actor: 'rollout' });
    expect(told.reason).toMatch(/^skew of amount is 1\.0000 in the window until .*, above 0\.5$/);
    expect(await production.serving()).toEqual(['1 champion 100']);
  });

  it('a rollback to a version that is no longer deployed deploys it again, and monitoring follows', async () => {
    const { code, stdout } = await rollBack('--to', '2', '--reason', 'it was not that bad');
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      expect.objectContaining({ deploys: true, result: 'completed' }),
    ]);
    expect(await production.serving()).toEqual(['2 champion 100']);
    const { deployedModelId } = await endingOf(cloud, runs.one, RolledBack);
    expect(await production.watchedModels()).toEqual([deployedModelId]);
    expect((await production.models()).versions[1]).toMatchObject({ version: '2', deployedModelId });
  });

  it('goes back by itself when too many of the answers are server errors', async () => {
    const run = await cloud.start('four');
    await cloud.ended(run, PATIENCE_MS);
    expect(await soaks(run)).toBe(25);
    // That fewer than ten of them come to the version with a quarter of the traffic, is less likely than 1 in 10^6.
    await production.failingRequests(120);
    const state = async () => (await viewOf(cloud, run)).state;
    await expect.poll(state, within).toBe('rolled-back');
    const told = await endingOf(cloud, run, RolledBack);
    expect(told).toMatchObject({ from: '4', to: '2', cause: 'abort', actor: 'rollout' });
    expect(told.reason).toMatch(/^(\d+) of \1 requests ended in a server error: 100\.0 %, above 5 %$/);
  });

  it('a request about a version that has gone meanwhile changes nothing', async () => {
    const before = await production.serving();
    const late = {
      kind: 'rollback',
      run: runs.three,
      attempt: 2,
      from: '3',
      to: '1',
      reason: 'late',
    } as const;
    expect(await decideAs(cloud.cloud, OPERATOR, late)).toMatchObject({ status: 200 });
    const came = async () => stageOf(await viewOf(cloud, runs.three), 'rollback')?.state;
    await expect.poll(came, within).toBe('superseded');
    expect(await production.serving()).toEqual(before);
    expect((await viewOf(cloud, runs.three)).state).toBe('rolled-back');
  });

  it('nothing of all this happened twice, and no call had to be mended', () => {
    expect(cloud.ledger.doubled).toEqual([]);
    expect(cloud.cloud.lints()).toEqual([]);
  });
});
