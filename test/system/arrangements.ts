import { expect, vi } from 'vitest';
import { layout, type RunId } from '../../events/index.ts';
import { smallDrop, type TestCloud } from '../end-to-end/cloud.ts';

/** Training fails with a parameter that the trainer does not know, so every run is parked there. */
export const PARKED_AT_TRAIN = { 'baton:trainParameters': '{"tres":100}' };

/** Drops two data sets, the second when the run of the first has begun, and waits until both runs have ended. */
export async function twoRuns(test: TestCloud, timeout: number): Promise<[first: RunId, second: RunId]> {
  const first = await test.drop('first', smallDrop());
  const begun = test.storage.bucket(test.buckets.nonprod).file(layout.runRecord(first));
  await vi.waitFor(async () => expect(await begun.exists()).toEqual([true]), { timeout });
  const second = await test.drop('second', smallDrop());
  for (const run of [first, second]) await test.ended(run, timeout);
  return [first, second];
}

/** Drops files of whose landing nobody is told any more, as of those that lay there before. */
export async function dropUnheard(test: TestCloud, name: string): Promise<RunId> {
  const [notifications] = await test.storage.bucket(test.buckets.nonprod).getNotifications();
  for (const notification of notifications) {
    const { object_name_prefix: prefix } = notification.metadata as { object_name_prefix?: string };
    if (prefix === layout.datasetsPrefix) await notification.delete();
  }
  return test.drop(name, smallDrop());
}

/** Publishes what no handler can read. */
export async function publishNoEvent(project: string, topic: string): Promise<void> {
  const { PubSub } = await import('@google-cloud/pubsub');
  await new PubSub({ projectId: project }).topic(topic).publishMessage({ data: Buffer.from('not an event') });
}

/** Deletes a custom job that has ended, so that nothing tells any more what it used. */
export async function deleteJob(name: string): Promise<void> {
  const { JobServiceClient } = await import('@google-cloud/aiplatform/build/src/v1/job_service_client.js');
  const [, , , region] = name.split('/');
  const client = new JobServiceClient({ apiEndpoint: `${region}-aiplatform.googleapis.com` });
  const [operation] = await client.deleteCustomJob({ name });
  await operation.promise();
}
