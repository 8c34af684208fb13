import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  Envelope as EnvelopeSchema,
  layout,
  Parked,
  type RunId,
  type StageName,
  TENANT_OF,
} from '../../events/index.ts';
import { smallDrop, startTestCloud, type TestCloud } from '../end-to-end/cloud.ts';
import { publish } from './publish.ts';

/** One member of each kind that a run needs, taken out of the program; the runs below meet each at its stage. */
const WITHOUT = [
  'nonprod/settle-ingest-done-pubsub.publisher',
  'nonprod/train-aiplatform.user',
  'nonprod/evaluate-acts-as-training',
  'nonprod/prod-approve-lake-storage.objectViewer',
  'nonprod/prod-deploy-lake-storage.objectViewer',
  'prod/monitor-aiplatform.user',
  'prod/rollback-aiplatform.user',
  'nonprod/storage-agent-signals-pubsub.publisher',
  // In a project of its own, where it stops nothing of the others.
  'dev/compute-agent-cloudkms.cryptoKeyEncrypterDecrypter',
];
const DEV = { project: 'baton-dev', bucket: 'baton-dev-baton' };

let cloud: TestCloud;
let run: RunId;

beforeAll(async () => {
  cloud = await startTestCloud({ stacks: ['nonprod', 'prod', 'dev'], without: WITHOUT });
  run = await cloud.drop('stuck', smallDrop());
});
afterAll(() => cloud.close());

/** Waits until a stage of the run is parked, and checks that the reason names permission, resource and principal. */
async function expectParked(stage: StageName, ...names: string[]): Promise<void> {
  await expectParkedIn(cloud.buckets[TENANT_OF[stage]], run, stage, ...names);
}

async function expectParkedIn(
  bucket: string,
  of: RunId,
  stage: StageName,
  ...names: string[]
): Promise<void> {
  const file = cloud.storage.bucket(bucket).file(layout.attemptRecord({ run: of, stage, attempt: 1 }));
  const data = await vi.waitFor(
    async () => {
      const [content] = await file.download();
      const event = EnvelopeSchema.parse(JSON.parse(content.toString()).ending);
      expect(event.type).toBe(Parked.type);
      return Parked.data.parse(event.data);
    },
    { timeout: 120_000, interval: 200 },
  );
  expect(data.code).toBe('BATON_PERMISSION_DENIED');
  for (const name of names) expect(data.reason).toContain(name);
}

/** The event that wakes a stage, as it would be had the stages before it been able to work. */
const evaluation = () => {
  const model = `gs://${cloud.buckets.nonprod}/runs/${run}/train/1/model/`;
  const digest = '0'.repeat(64);
  const artifact = { uri: model, sha256: digest, files: [{ name: 'model.json', bytes: 1, sha256: digest }] };
  const snapshot = { train: `${model}train/`, eval: `${model}eval/` };
  return { model: 'census', artifact, job: 'projects/p/locations/l/customJobs/1', snapshot, parameters: {} };
};

async function wake(topic: string, type: string, data: object, project = 'baton-nonprod') {
  await publish(project, topic, {
    specversion: '1.0',
    id: `${run}/${topic}`,
    source: '//baton.dev/test',
    type,
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    correlationid: run,
    attempt: 1,
    data,
  });
}

test('settle without its topic parks the stage instead of publishing for ever', async () => {
  await expectParked('ingest', 'pubsub.topics.publish', 'topics/ingest-done', 'settle@baton-nonprod');
  await expect
    .poll(
      async () =>
        (await cloud.storage.bucket(cloud.buckets.nonprod).getFiles({ prefix: 'outstanding/ingest/' }))[0],
    )
    .toEqual([]);
});

test('F19 train without its role on the project parks', async () => {
  const rows = { train: 200, eval: 100 };
  const { snapshot } = evaluation();
  const tables = { train: 'baton-nonprod.census.train', eval: 'baton-nonprod.census.eval' };
  const data = { model: 'census', rows, rejected: { train: 0, eval: 0 }, tables, snapshot };
  await wake('ingest-done', 'dev.baton.ingest.done.v1', data);
  await expectParked(
    'train',
    'aiplatform.customJobs.list',
    'projects/baton-nonprod',
    'baton-train@baton-nonprod',
  );
});

test('evaluate that may not act as the training account parks', async () => {
  const data = { ...evaluation(), trainTable: 'baton-nonprod.census.train' };
  await wake('model-trained', 'dev.baton.model.trained.v1', data);
  await expectParked(
    'evaluate',
    'iam.serviceAccounts.actAs',
    'serviceAccounts/training@',
    'evaluate@baton-nonprod',
  );
});

test("neither approve nor deploy works that may not read non-production's bucket", async () => {
  const metrics = { rows: 1, accuracy: 1, auc: 1, logLoss: 0 };
  const gate = { decision: 'passed', reasons: [], comparisons: [] };
  const samples = `gs://${cloud.buckets.nonprod}/samples.jsonl`;
  const data = { ...evaluation(), metrics, gate, samples, trainTable: 'baton-nonprod.census.train' };
  await wake('eval-passed', 'dev.baton.eval.passed.v1', data);
  await wake('approved', 'dev.baton.approved.v1', data, 'baton-prod');
  for (const stage of ['approve', 'deploy'] as const) {
    await expectParked(stage, 'storage.objects.list', 'buckets/baton-nonprod-baton', `${stage}@baton-prod`);
  }
});

test('monitor without its role on the project parks', async () => {
  const place = 'projects/baton-prod/locations/us-central1';
  const model = { name: `${place}/models/census`, version: '1', sha256: '0'.repeat(64) };
  const endpoint = `${place}/endpoints/census`;
  const trainTable = 'baton-nonprod.census.train';
  const data = { model, endpoint, deployedModelId: '1', trafficSplit: { 1: 100 }, trainTable };
  await wake('deployed', 'dev.baton.deployed.v1', data, 'baton-prod');
  await expectParked('monitor', 'aiplatform.endpoints.get', 'endpoints/census', 'monitor@baton-prod');
});

test('rollback without its role on the project parks', async () => {
  const endpoint = 'projects/baton-prod/locations/us-central1/endpoints/census';
  const data = { model: 'census', endpoint, from: '2', to: '1', actor: 'somebody', reason: 'a test' };
  await wake('rollback-requested', 'dev.baton.rollback.requested.v1', data, 'baton-prod');
  await expectParked('rollback', 'aiplatform.models.get', 'models/census', 'rollback@baton-prod');
});

const DENIED = 'cloudkms.cryptoKeyVersions.useToEncrypt';
const DEV_KEY = 'projects/baton-dev/locations/us-central1/keyRings/baton/cryptoKeys/baton';

test('F19 ingest in a project whose Compute Engine may not encrypt the disks of workers parks', async () => {
  const file = (name: string) => ({ object: `datasets/keyless/${name}`, generation: '1', bytes: 1 });
  const files = { train: file('train.csv'), eval: file('eval.csv') };
  const drop = { name: 'keyless', bucket: DEV.bucket, files };
  const data = { model: 'census', drop, dataset: 'baton-dev.census' };
  await wake('dataset-ready', 'dev.baton.dataset.ready.v1', data, DEV.project);
  const agent = 'service-333333333333@compute-system';
  await expectParkedIn(DEV.bucket, run, 'ingest', DENIED, DEV_KEY, agent);
});

test('a bucket whose agent may not publish has its notifications reported as undelivered', async () => {
  const marker = cloud.storage.bucket(cloud.buckets.nonprod).file('signals/nobody/hears.json');
  await marker.save('{}', { resumable: false });
  expect(cloud.cloud.lints().join('\n')).toMatch(
    /not published to .*topics\/signals: .*pubsub\.topics\.publish/,
  );
});
