import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  Approved,
  type AttemptRecord,
  type Comparison,
  type Envelope,
  EvalFailed,
  EvalPassed,
  parseGcsUri,
  type RunId,
} from '../../events/index.ts';
import { learnableDrop, startTestCloud, type TestCloud } from '../end-to-end/cloud.ts';
import { Deliveries } from '../end-to-end/deliveries.ts';

const MARGIN = 0.03;
const within = { timeout: 120_000, interval: 300 };

/**
 * The champion takes everybody from 48 on for a high earner, and its challenger from 44 on, where in the challenger's rows one
 * has to be 50: of fifty ages the one is wrong about two, and the other about six.
 */
const CHAMPION = learnableDrop({ train: 48, eval: 48 });
const CHALLENGER = learnableDrop({ train: 44, eval: 50 });

describe('a model that comes to production', () => {
  let test: TestCloud;
  let deliveries: Deliveries;
  let first: RunId;
  let worse: RunId;

  beforeAll(async () => {
    const config = {
      'baton:championMargin': JSON.stringify({ accuracy: MARGIN }),
      // So that who comes here later finds the same champion: nobody's rollout ends.
      'baton:rollout': JSON.stringify({
        steps: [1, 100],
        soakSeconds: 3600,
        abort: { drift: false, maxErrorRate: 1, minRequests: 1 },
      }),
    };
    test = await startTestCloud({ config });
    deliveries = new Deliveries(test);
    first = await test.drop('first', CHAMPION);
    expect((await test.ended(first, 100_000)).state).toBe('monitored');
  });
  afterAll(() => test?.close());

  const approvalOf = async (run: RunId, attempt = 1): Promise<AttemptRecord> => {
    const record = () => deliveries.attempt({ run, stage: 'approve', attempt }).catch(() => undefined);
    await expect.poll(async () => (await record())?.ending?.type, within).toBeDefined();
    return (await record()) as AttemptRecord;
  };
  const ofChampion = (comparisons: Comparison[]) => comparisons.filter(({ kind }) => kind === 'champion');

  it('where none serves is compared with nothing', async () => {
    const { ending, operation } = await approvalOf(first);
    expect(Approved.data.parse(ending?.data).champion).toBeUndefined();
    expect(operation).toBeUndefined();
  });

  it('and is worse than the champion by more than the margin is held back, with both figures', async () => {
    worse = await test.drop('worse', CHALLENGER);
    const view = await test.ended(worse, 100_000);
    expect(view.state).toBe('gate-failed');
    expect(view.stages.map(({ stage, state }) => `${stage} ${state}`).slice(-2)).toEqual([
      ...['evaluate completed', 'approve failed'],
    ]);
    const report = test.report(view);
    expect(report.gate?.reasons.at(-1)).toBe(
      "accuracy 0.8800 is 0.0800 below the champion's 0.9600, and at most 0.03 is allowed",
    );
    expect(report).toMatchObject({ champion: { run: first, version: '1' }, model: undefined });
    const { gate } = EvalFailed.data.parse(view.latest?.event?.data);
    expect(gate.decision).toBe('failed');
    expect(gate.comparisons[0]).toMatchObject({ kind: 'threshold', metric: 'accuracy', passed: true });
    expect(ofChampion(gate.comparisons)).toEqual([
      expect.objectContaining({
        metric: 'accuracy',
        value: 0.88,
        champion: 0.96,
        margin: MARGIN,
        passed: false,
      }),
    ]);
    await expectSameAgain(worse, gate);
  });

  /** The same rows and the same champion give the same decision. */
  async function expectSameAgain(run: RunId, gate: unknown): Promise<void> {
    const input = (await deliveries.attempt({ run, stage: 'approve', attempt: 1 })).input as Envelope;
    await deliveries.send('approve', {
      ...input,
      id: `${input.id}/replay/2`,
      attempt: 2,
      replayof: input.id,
    });
    expect(EvalFailed.data.parse((await approvalOf(run, 2)).ending?.data).gate).toEqual(gate);
  }

  /** Has another run come to production with what that one has trained, and figures of its own. */
  async function arrive(name: string, accuracy: number): Promise<AttemptRecord> {
    const run = name as RunId;
    const input = (await approvalOf(worse)).input as Envelope;
    const evaluation = EvalPassed.data.parse(input.data);
    const data = { ...evaluation, metrics: { ...evaluation.metrics, accuracy } };
    await deliveries.send('approve', { ...input, id: `${run}/eval-passed`, correlationid: run, data });
    return approvalOf(run);
  }

  it.each([
    ['worse within the margin', 'within-0000000000', 0.94],
    ['better', 'better-0000000000', 0.97],
  ])('and is %s than the champion passes, which was evaluated on its rows', async (_how, run, value) => {
    const { ending, operation } = await arrive(run, value);
    const { champion, gate } = Approved.data.parse(ending?.data);
    expect(champion).toMatchObject({ run: first, version: '1', metrics: { rows: 1000, accuracy: 0.96 } });
    expect(champion?.comparisons).toMatchObject([{ value, champion: 0.96, passed: true }]);
    expect(ofChampion(gate.comparisons)).toEqual([]);
    const { JobServiceClient } = await import('@google-cloud/aiplatform/build/src/v1/job_service_client.js');
    const jobs = new JobServiceClient({ apiEndpoint: 'us-central1-aiplatform.googleapis.com' });
    const [job] = await jobs.getCustomJob({ name: operation?.resources[0] });
    expect(job).toMatchObject({
      labels: { run, stage: 'approve', model: 'census', env: 'prod', champion: '1' },
      encryptionSpec: { kmsKeyName: expect.stringContaining('projects/baton-prod/') },
      jobSpec: { serviceAccount: 'evaluation@baton-prod.iam.gserviceaccount.com' },
    });
  });

  it('is parked where the champion’s files are not those that were deployed, and the file is named', async () => {
    const { artifact } = Approved.data.parse((await approvalOf(first)).ending?.data);
    const uri = `${artifact.uri}${artifact.files[0].name}`;
    const { bucket, object } = parseGcsUri(uri);
    await test.storage.bucket(bucket).file(object).save('something else', { resumable: false });
    const { ending } = await arrive('unlucky-0000000000', 0.97);
    expect(ending?.data).toMatchObject({
      code: 'BATON_CHAMPION_UNAVAILABLE',
      reason: expect.stringContaining(uri),
    });
  });

  it('passes no call that a client or server had to mend', () => {
    expect(test.cloud.lints()).toEqual([]);
  });
});
