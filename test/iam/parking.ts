import type { Artifact, Envelope, RunId, StageName, Tenant } from '../../events/index.ts';
import { digestArtifact } from '../../handlers/runtime/artifact.ts';
import { smallDrop, type TestCloud } from '../end-to-end/cloud.ts';
import type { Attempts } from './attempts.ts';
import { publish } from './publish.ts';
import { holdEndpoint, waitsForEndpoint } from './superseding.ts';

/** Brings every stage, and settle in both projects, to a point where it has to park. */
export async function park(test: TestCloud, attempts: Attempts, run: RunId): Promise<void> {
  await attempts.replay(run, 'ingest', 3, { model: 'No Label' });
  await attempts.replay(run, 'train', 3, { model: 'No Label' });
  const nowhere = `gs://${test.buckets.nonprod}/nowhere/`;
  await attempts.replay(run, 'ingest', 4, { snapshot: { train: nowhere, eval: nowhere } });
  const { artifact } = (await attempts.ending(run, 'train')).data as { artifact: { sha256: string } };
  for (const stage of ['evaluate', 'approve'] as const) {
    await attempts.replay(run, stage, 3, { artifact: { ...artifact, sha256: '0'.repeat(64) } });
  }
  // `deploy` verifies when the endpoint is free; below somebody holds it.
  await attempts.endedInProduction(run, 'deploy', 3);
  const { endpoint } = (await attempts.ending(run, 'deploy')).data as { endpoint: string };
  await attempts.replay(run, 'deploy', 3, { endpoint: `${endpoint}-gone` });
  // Nobody who hears of deployments can read it; `lineage`, which is no stage, keeps it.
  await attempts.replay(run, 'deploy', 4, { trafficSplit: 'no split' });
  await deployNoModel(test, attempts, run);
  await deadLetter(test, 'nonprod', 'train', await attempts.ending(run, 'ingest'));
  await deadLetter(test, 'prod', 'deploy', await attempts.ending(run, 'approve'));
  await loseWorkload(test, attempts, run);
}

/**
 * The bytes are as evaluated, but they are no model, so that its server never gets healthy. The run has to wait for the
 * endpoint, and so it is `settle` that verifies and uploads them.
 */
async function deployNoModel(test: TestCloud, attempts: Attempts, run: RunId): Promise<void> {
  const artifact = await noModel(test);
  const event = await attempts.ending(run, 'evaluate');
  const other = 'no-model-0000000000' as RunId;
  const free = await holdEndpoint(test, event, String(event.sequence));
  await attempts.publish('nonprod', {
    ...event,
    id: `${other}/${event.type}`,
    correlationid: other,
    data: { ...(event.data as object), artifact },
  });
  await attempts.decide(other, 1, 'approved');
  await waitsForEndpoint(test, other);
  await free(String(event.sequence));
}

/** What has a digest as a model has, but no server can load. */
export async function noModel({ storage, buckets }: TestCloud): Promise<Artifact> {
  const file = storage.bucket(buckets.nonprod).file('no-model/readme.txt');
  await file.save('not a model', { resumable: false });
  return digestArtifact(`gs://${buckets.nonprod}/no-model/`);
}

/** Without the workload's descriptor neither prepare nor ingest can work. */
async function loseWorkload(test: TestCloud, attempts: Attempts, run: RunId): Promise<void> {
  const [, bucket, object] = /^gs:\/\/([^/]+)\/(.+)$/.exec(test.cloud.output('nonprod', 'workload')) ?? [];
  await test.storage.bucket(bucket).file(object).delete();
  await attempts.replay(run, 'prepare', 3);
  await test.drop('late', smallDrop());
}

/** Publishes an event as one that a stage's subscription has given up. */
async function deadLetter(
  { cloud }: TestCloud,
  tenant: Tenant,
  stage: StageName,
  event: Envelope,
): Promise<void> {
  const late = { ...event, attempt: 9 };
  await publish(cloud.output(tenant, 'project'), `${stage}-dead-letter`, late, {
    CloudPubSubDeadLetterSourceSubscription: stage,
    CloudPubSubDeadLetterSourceDeliveryCount: '10',
  });
}
