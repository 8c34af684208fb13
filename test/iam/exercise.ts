import { expect, vi } from 'vitest';
import {
  type Artifact,
  type BatonEvent,
  type Envelope,
  Envelope as EnvelopeSchema,
  EvalFailed,
  layout,
  Rejected,
  type RunId,
  STAGE_INPUTS,
  type StageName,
  TENANT_OF,
} from '../../events/index.ts';
import { digestArtifact } from '../../handlers/runtime/artifact.ts';
import { consequences } from '../../ops/demo/monitored-endpoint.ts';
import { sendTraffic } from '../../ops/demo/traffic.ts';
import { censusRow, censusTable, learnableDrop, smallDrop, type TestCloud } from '../end-to-end/cloud.ts';
import { APPROVER, decideAs, ON_CALL, requestOf } from '../end-to-end/decide.ts';
import { publish } from './publish.ts';
import { holdEndpoint, supersede, waitsForEndpoint } from './superseding.ts';

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

  constructor(test: TestCloud) {
    this.#test = test;
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
    await this.#decide(good, 1, 'approved');
    for (const run of [good, weak, rejected, columns]) await this.#test.ended(run, 60_000);
    return { good, weak, rejected };
  }

  /** Sends the first event of each run again: each is recorded as a duplicate. */
  async duplicates(runs: RunId[]): Promise<void> {
    for (const run of runs) await this.#publish('nonprod', await this.#ending(run, 'prepare'));
  }

  /** Takes the model off the endpoint and deploys it again by a replay, which updates the monitoring job. */
  async redeploy(run: RunId): Promise<void> {
    const { EndpointServiceClient } = (await import('@google-cloud/aiplatform')).v1;
    const deployed = (await this.#ending(run, 'deploy')) as BatonEvent<{
      endpoint: string;
      deployedModelId: string;
    }>;
    const [, , , region] = deployed.data.endpoint.split('/');
    const client = new EndpointServiceClient({ apiEndpoint: `${region}-aiplatform.googleapis.com` });
    const { endpoint, deployedModelId } = deployed.data;
    const [operation] = await client.undeployModel({ endpoint, deployedModelId });
    await operation.promise();
    await client.close();
    await this.#replay(run, 'evaluate', 2);
    await this.#decide(run, 2, 'approved');
    await this.#endedInProduction(run, 'monitor', 2);
    await this.#endedInProduction(run, 'rollout', 2);
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
      await this.#endedInProduction(run, 'rollback', attempt);
    }
  }

  /** Deploys beside the champion, so that a rollout has two to compare. */
  async rollOut(run: RunId): Promise<void> {
    await this.#replay(run, 'evaluate', 20);
    await this.#decide(run, 20, 'approved');
    await this.#endedInProduction(run, 'rollout', 20);
  }

  /** Lets older runs come to production, and to the endpoint, after this one. */
  async supersede(run: RunId): Promise<void> {
    const [passed, approved] = [await this.#ending(run, 'evaluate'), await this.#ending(run, 'approve')];
    await supersede(this.#test, passed, approved);
  }

  /** Has a run rejected by a person, and another held back by the model that serves. */
  async hold(run: RunId): Promise<void> {
    await this.#replay(run, 'evaluate', 5);
    await this.#decide(run, 5, 'rejected');
    const passed = await this.#ending(run, 'evaluate');
    const { metrics } = passed.data as { metrics: object };
    const artifact = await this.#noModel();
    await this.#replay(run, 'evaluate', 6, { artifact, metrics: { ...metrics, accuracy: 0.5 } });
    for (const [attempt, type] of [
      [5, Rejected.type],
      [6, EvalFailed.type],
    ] as const) {
      const ended = async () => expect((await this.#ending(run, 'approve', attempt)).type).toBe(type);
      await vi.waitFor(ended, { timeout: 90_000, interval: 200 });
    }
  }

  /** Has the approver decide on what an attempt waits with. */
  async #decide(run: RunId, attempt: number, decision: 'approved' | 'rejected'): Promise<void> {
    const { digest } = await vi.waitFor(
      async () => {
        const request = await requestOf(this.#test, run, attempt);
        if (!request) throw new Error(`${run} asks for no approval of attempt ${attempt}`);
        return request;
      },
      { timeout: 90_000, interval: 200 },
    );
    const asked = { kind: 'approval', reason: 'as exercised', run, attempt, decision, digest } as const;
    expect(await decideAs(this.#test.cloud, APPROVER, asked)).toMatchObject({ status: 200 });
  }

  /** Has predictions made on what the model never saw; monitoring notices, and a run over the newest drop answers. */
  async drift(run: RunId): Promise<void> {
    const { endpoint } = (await this.#ending(run, 'deploy')).data as { endpoint: string };
    const { monitoringJob } = (await this.#ending(run, 'monitor')).data as { monitoringJob: string };
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
      { timeout: 90_000, interval: 500 },
    );
  }

  /** Brings every stage, and settle in both projects, to a point where it has to park. */
  async parks(run: RunId): Promise<void> {
    await this.#replay(run, 'ingest', 3, { model: 'No Label' });
    await this.#replay(run, 'train', 3, { model: 'No Label' });
    const nowhere = `gs://${this.#test.buckets.nonprod}/nowhere/`;
    await this.#replay(run, 'ingest', 4, { snapshot: { train: nowhere, eval: nowhere } });
    const { artifact } = (await this.#ending(run, 'train')).data as { artifact: { sha256: string } };
    for (const stage of ['evaluate', 'approve'] as const) {
      await this.#replay(run, stage, 3, { artifact: { ...artifact, sha256: '0'.repeat(64) } });
    }
    // `deploy` verifies when the endpoint is free; below somebody holds it.
    await this.#endedInProduction(run, 'deploy', 3);
    const { endpoint } = (await this.#ending(run, 'deploy')).data as { endpoint: string };
    await this.#replay(run, 'deploy', 3, { endpoint: `${endpoint}-gone` });
    // Nobody who hears of deployments can read it; `lineage`, which is no stage, keeps it.
    await this.#replay(run, 'deploy', 4, { trafficSplit: 'no split' });
    await this.#deployNoModel(run);
    await this.#deadLetter('nonprod', 'train', await this.#ending(run, 'ingest'));
    await this.#deadLetter('prod', 'deploy', await this.#ending(run, 'approve'));
    await this.#loseWorkload(run);
  }

  /**
   * The bytes are as evaluated, but they are no model, so that its server never gets healthy. The run has to wait for the
   * endpoint, and so it is `settle` that verifies and uploads them.
   */
  async #deployNoModel(run: RunId): Promise<void> {
    const artifact = await this.#noModel();
    const event = await this.#ending(run, 'evaluate');
    const noModel = 'no-model-0000000000' as RunId;
    const free = await holdEndpoint(this.#test, event, String(event.sequence));
    await this.#publish('nonprod', {
      ...event,
      id: `${noModel}/${event.type}`,
      correlationid: noModel,
      data: { ...(event.data as object), artifact },
    });
    await this.#decide(noModel, 1, 'approved');
    await waitsForEndpoint(this.#test, noModel);
    await free(String(event.sequence));
  }

  async #noModel(): Promise<Artifact> {
    const { storage, buckets } = this.#test;
    const file = storage.bucket(buckets.nonprod).file('no-model/readme.txt');
    await file.save('not a model', { resumable: false });
    return digestArtifact(`gs://${buckets.nonprod}/no-model/`);
  }

  /** Without the workload's descriptor neither prepare nor ingest can work. */
  async #loseWorkload(run: RunId): Promise<void> {
    const [, bucket, object] =
      /^gs:\/\/([^/]+)\/(.+)$/.exec(this.#test.cloud.output('nonprod', 'workload')) ?? [];
    await this.#test.storage.bucket(bucket).file(object).delete();
    await this.#replay(run, 'prepare', 3);
    await this.#test.drop('late', smallDrop());
  }

  async #endedInProduction(run: RunId, stage: StageName, attempt: number): Promise<void> {
    const { storage, buckets } = this.#test;
    const record = storage.bucket(buckets.prod).file(layout.attemptRecord({ run, stage, attempt }));
    await vi.waitFor(async () => expect((await record.download()).toString()).toContain('"ending"'), {
      timeout: 90_000,
    });
  }

  async #deadLetter(stack: 'nonprod' | 'prod', stage: StageName, event: Envelope): Promise<void> {
    const late = { ...event, attempt: 9 };
    await publish(this.#test.cloud.output(stack, 'project'), `${stage}-dead-letter`, late, {
      CloudPubSubDeadLetterSourceSubscription: stage,
      CloudPubSubDeadLetterSourceDeliveryCount: '10',
    });
  }

  /** Publishes a stage's ending as that of another attempt, with other data where given. */
  async #replay(run: RunId, stage: StageName, attempt: number, data: object = {}): Promise<void> {
    const event = await this.#ending(run, stage);
    const id = `${event.id}/replay-${attempt}`;
    await this.#publish(TENANT_OF[stage], {
      ...event,
      id,
      attempt,
      data: { ...(event.data as object), ...data },
    });
  }

  async #ending(run: RunId, stage: StageName, attempt = 1): Promise<Envelope> {
    const { storage, buckets } = this.#test;
    const bucket = buckets[TENANT_OF[stage]];
    const [content] = await storage
      .bucket(bucket)
      .file(layout.attemptRecord({ run, stage, attempt }))
      .download();
    return EnvelopeSchema.parse(JSON.parse(content.toString()).ending);
  }

  async #publish(stack: 'nonprod' | 'prod', event: Envelope): Promise<void> {
    const topics = Object.values(STAGE_INPUTS).map(({ event }) => event);
    const topic = topics.find((name) => event.type === `dev.baton.${name.replace('-', '.')}.v1`);
    if (!topic) throw new Error(`no stage hears of ${event.type}`);
    await publish(this.#test.cloud.output(stack, 'project'), topic, event);
  }
}
