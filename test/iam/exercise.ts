import { expect, vi } from 'vitest';
import { type BatonEvent, EvalFailed, layout, Rejected, type RunId } from '../../events/index.ts';
import { consequences } from '../../ops/demo/monitored-endpoint.ts';
import { sendTraffic } from '../../ops/demo/traffic.ts';
import { censusRow, censusTable, learnableDrop, smallDrop, type TestCloud } from '../end-to-end/cloud.ts';
import { decideAs, ON_CALL } from '../end-to-end/decide.ts';
import { Attempts } from './attempts.ts';
import { noModel, park } from './parking.ts';
import { supersede } from './superseding.ts';

/** An instance as none is in the tables, which have no capital gains. */
const UNSEEN = {
  ...{ age: 39, workclass: 'Private', education: 'Bachelors', education_num: 13, capital_gain: 99999 },
  ...{ marital_status: 'Never-married', occupation: 'Adm-clerical', relationship: 'Not-in-family' },
  ...{ race: 'White', gender: 'Male', capital_loss: 0, hours_per_week: 40, native_country: 'United-States' },
};

const rejectedTable = censusTable(
  Array.from({ length: 100 }, (_, i) => censusRow(i % 2 ? '>50K' : '<=50K', i % 4 === 0 ? 'old' : 30)),
);

/** Everything that a program's identities ever do, in one local cloud. */
export class Exercise {
  readonly #test: TestCloud;
  readonly #attempts: Attempts;

  constructor(test: TestCloud) {
    this.#test = test;
    this.#attempts = new Attempts(test);
  }

  /** Runs that pass, fail the gate, and are refused, all at once; answers them when they have ended. */
  async runs(): Promise<{ good: RunId; weak: RunId; rejected: RunId }> {
    const table = learnableDrop();
    const [good, weak, rejected, columns] = await Promise.all([
      this.#test.drop('good', table),
      this.#test.drop('weak', smallDrop()),
      this.#test.drop('rejected', { ...table, 'eval.csv': rejectedTable }),
      this.#test.drop('columns', { ...table, 'train.csv': 'a,b\n1,2\n' }),
    ]);
    await this.#attempts.decide(good, 1, 'approved');
    for (const run of [good, weak, rejected, columns]) await this.#test.ended(run, 60_000);
    return { good, weak, rejected };
  }

  /** Sends the first event of each run again: each is recorded as a duplicate. */
  async duplicates(runs: RunId[]): Promise<void> {
    for (const run of runs)
      await this.#attempts.publish('nonprod', await this.#attempts.ending(run, 'prepare'));
  }

  /** Takes the model off the endpoint and deploys it again by a replay, which updates the monitoring job. */
  async redeploy(run: RunId): Promise<void> {
    const { EndpointServiceClient } = (await import('@google-cloud/aiplatform')).v1;
    const deployed = (await this.#attempts.ending(run, 'deploy')) as BatonEvent<{
      endpoint: string;
      deployedModelId: string;
    }>;
    const [, , , region] = deployed.data.endpoint.split('/');
    const client = new EndpointServiceClient({ apiEndpoint: `${region}-aiplatform.googleapis.com` });
    const { endpoint, deployedModelId } = deployed.data;
    const [operation] = await client.undeployModel({ endpoint, deployedModelId });
    await operation.promise();
    await client.close();
    await this.#attempts.replay(run, 'evaluate', 2);
    await this.#attempts.decide(run, 2, 'approved');
    await this.#attempts.endedInProduction(run, 'monitor', 2);
    await this.#attempts.endedInProduction(run, 'rollout', 2);
  }

  /** Brings the version back that the second deployment took the place of, and asks for what can't be. */
  async rollBack(run: RunId): Promise<void> {
    const versions = [
      { from: '2', to: '1' },
      { from: '2', to: '1' },
      { from: '1', to: '99' },
    ];
    for (const [index, requested] of versions.entries()) {
      const attempt = 10 + index;
      const asked = { kind: 'rollback', reason: 'as exercised', run, attempt, ...requested } as const;
      expect(await decideAs(this.#test.cloud, ON_CALL, asked)).toMatchObject({ status: 200 });
      await this.#attempts.endedInProduction(run, 'rollback', attempt);
    }
  }

  /** Deploys beside the champion, so that a rollout has two to compare. */
  async rollOut(run: RunId): Promise<void> {
    await this.#attempts.replay(run, 'evaluate', 20);
    await this.#attempts.decide(run, 20, 'approved');
    await this.#attempts.endedInProduction(run, 'rollout', 20);
  }

  /** Lets older runs come to production, and to the endpoint, after this one. */
  async supersede(run: RunId): Promise<void> {
    const [passed, approved] = [
      await this.#attempts.ending(run, 'evaluate'),
      await this.#attempts.ending(run, 'approve'),
    ];
    await supersede(this.#test, passed, approved);
  }

  /** Has a run rejected by a person, and another held back by the model that serves. */
  async hold(run: RunId): Promise<void> {
    await this.#attempts.replay(run, 'evaluate', 5);
    await this.#attempts.decide(run, 5, 'rejected');
    const passed = await this.#attempts.ending(run, 'evaluate');
    const { metrics } = passed.data as { metrics: object };
    const artifact = await noModel(this.#test);
    await this.#attempts.replay(run, 'evaluate', 6, { artifact, metrics: { ...metrics, accuracy: 0.5 } });
    for (const [attempt, type] of [
      [5, Rejected.type],
      [6, EvalFailed.type],
    ] as const) {
      const ended = async () =>
        expect((await this.#attempts.ending(run, 'approve', attempt)).type).toBe(type);
      await vi.waitFor(ended, { timeout: 120_000, interval: 200 });
    }
  }

  /** Has predictions made on what the model never saw; monitoring notices, and a run over the newest drop answers. */
  async drift(run: RunId): Promise<void> {
    const { endpoint } = (await this.#attempts.ending(run, 'deploy')).data as { endpoint: string };
    const { monitoringJob } = (await this.#attempts.ending(run, 'monitor')).data as { monitoringJob: string };
    await sendTraffic(endpoint, [UNSEEN], 'income_bracket');
    await this.#test.cloud.runMonitoring(monitoringJob);
    await vi.waitFor(
      async () => {
        const { storage, buckets } = this.#test;
        const { runs } = await consequences(storage, buckets);
        expect(runs).toHaveLength(1);
        const [opened] = await storage.bucket(buckets.nonprod).file(layout.runRecord(runs[0])).exists();
        expect(opened).toBe(true);
      },
      { timeout: 120_000, interval: 500 },
    );
  }

  /** Has all park that can; it takes the workload away, so nothing comes after it. */
  async parks(run: RunId): Promise<void> {
    await park(this.#test, this.#attempts, run);
  }
}
