import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestCloud, type TestCloud } from '../end-to-end/cloud.ts';
import { doctor, problemsIn } from '../end-to-end/doctor.ts';

let test: TestCloud;
beforeAll(async () => {
  test = await startTestCloud({
    without: [
      'nonprod/train-aiplatform.user',
      'prod/ledger-messages-bigquery.dataEditor',
      'gcp:pubsub/subscription:Subscription::train-dead-letter',
      'gcp:cloudfunctionsv2/function:Function::monitor',
    ],
  });
});
afterAll(() => test?.close());

/** What was taken away or tampered with, and what hangs on it. */
const EXPECTED = [
  /^grant roles\/aiplatform\.user on project of baton-nonprod to .*train@.*: not granted, so that nothing creates/,
  /^grant roles\/bigquery\.dataEditor on table ledger\.messages of baton-prod to .*: not granted/,
  /^subscription .*nonprod\/subscriptions\/train: its dead-letter topic .* has no subscription/,
  /^subscription .*nonprod\/subscriptions\/train-dead-letter: not there/,
  /^subscription .*nonprod\/subscriptions\/evaluate: it pushes to https:\/\/elsewhere\.example instead of .*run\.app/,
  /^subscription .*nonprod\/subscriptions\/ingest: it has no topic any more/,
  /^schedule .*prod\/.*\/jobs\/settle-every-minute: its state is PAUSED/,
  /^function .*\/functions\/monitor: not there/,
  /^subscription .*prod\/subscriptions\/monitor: not there/,
  /^grant roles\/run\.invoker on function monitor of baton-prod to .*: not granted/,
  /^grant roles\/pubsub\.subscriber on subscription monitor of baton-prod to .*: not granted/,
];

it('the doctor finds what is missing or was changed by hand, and nothing else', async () => {
  await tamper();
  const { code, output } = await doctor(test.cloud);
  expect(code).toBe(1);
  const problems = problemsIn(output);
  expect(EXPECTED.filter((problem) => !problems.some((found) => problem.test(found)))).toEqual([]);
  expect(problems.filter((found) => !EXPECTED.some((problem) => problem.test(found)))).toEqual([]);
});

/** Changes by hand what the program declared. */
async function tamper(): Promise<void> {
  const [{ PubSub }, { CloudSchedulerClient }] = await Promise.all([
    import('@google-cloud/pubsub'),
    import('@google-cloud/scheduler'),
  ]);
  const pubsub = new PubSub({ projectId: 'baton-nonprod' });
  await pubsub.detachSubscription('ingest');
  await pubsub.subscription('evaluate').modifyPushConfig({ pushEndpoint: 'https://elsewhere.example' });
  await pubsub.close();
  const scheduler = new CloudSchedulerClient();
  await scheduler.pauseJob({
    name: 'projects/baton-prod/locations/us-central1/jobs/settle-every-minute',
  });
  await scheduler.close();
}
