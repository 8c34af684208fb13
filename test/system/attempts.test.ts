import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { type AttemptKey, DatasetReady, layout, type RunId } from '../../events/index.ts';
import type { Claim, Held } from '../../handlers/runtime/claim.ts';
import type { Environment } from '../../handlers/runtime/environment.ts';
import type { Outcome } from '../../handlers/runtime/stage.ts';
import { startTestCloud, type TestCloud } from '../end-to-end/cloud.ts';
import { Deliveries } from '../end-to-end/deliveries.ts';

/**
 * The runtime under what no one process can bring about: several of it at once on one attempt, and owners that are
 * slower than their lease or gone. Each instance of its modules here is a process as far as they can tell; the store
 * and the topics are the local cloud's, whose own settle sweeps every second beside them.
 */
const LEASE_SECONDS = 2;

type Runtime = Awaited<ReturnType<typeof loadRuntime>>;
let test: TestCloud;
let deliveries: Deliveries;
let environment: Environment;
let here: Runtime;
let there: Runtime;
let attempts = 0;
let key: AttemptKey;
const published: string[] = [];
const open: { close(): Promise<unknown> }[] = [];

/** The modules as another process would have them. */
async function loadRuntime() {
  vi.resetModules();
  return {
    ...(await import('../../handlers/runtime/attempt.ts')),
    ...(await import('../../handlers/runtime/claim.ts')),
    ...(await import('../../handlers/runtime/log.ts')),
    ...(await import('../../handlers/runtime/objects.ts')),
    ...(await import('../../handlers/runtime/outbox.ts')),
    ...(await import('../../handlers/runtime/outstanding.ts')),
    ...(await import('../../handlers/runtime/settling.ts')),
    ...(await import('../../handlers/runtime/stage.ts')),
  };
}

beforeAll(async () => {
  test = await startTestCloud();
  deliveries = new Deliveries(test);
  const project = test.cloud.output('nonprod', 'project');
  const variables = {
    GOOGLE_CLOUD_PROJECT: project,
    ...{ BATON_ENV: 'nonprod', BATON_TENANT: 'nonprod', BATON_REGION: 'us-central1', BATON_MODEL: 'census' },
    BATON_BUCKET: test.buckets.nonprod,
    BATON_LEASE_SECONDS: String(LEASE_SECONDS),
  };
  Object.assign(process.env, variables);
  const { Environment: Schema } = await import('../../handlers/runtime/environment.ts');
  environment = Schema.parse(variables);
  here = await loadRuntime();
  there = await loadRuntime();
  await listen(project, 'dataset-ready');
  await listen(project, 'refused');
});
afterAll(async () => {
  await Promise.all(open.map((subscription) => subscription.close()));
  await test?.close();
});

beforeEach(() => {
  key = { run: `attempt-${++attempts}` as RunId, stage: 'prepare', attempt: 1 };
});

/** Collects the ids of all events that a topic carries from now on. */
async function listen(project: string, topic: string): Promise<void> {
  const { PubSub } = await import('@google-cloud/pubsub');
  const client = new PubSub({ projectId: project });
  const [subscription] = await client.topic(topic).createSubscription(`test-${topic}`);
  open.push(subscription);
  subscription.on('message', (message) => {
    published.push(message.attributes['ce-id'] ?? '');
    message.ack();
  });
}

const claimOf = (deliveryId: string): Claim => ({
  ...key,
  cause: { source: '//test', id: 'event', deliveryId },
});
const publishedOf = ({ run }: AttemptKey) => published.filter((id) => id.startsWith(`${run}/`));
const within = { timeout: 120_000, interval: 100 };

const readyData = (model: string) => {
  const file = { object: 'o', generation: '1', bytes: 1 };
  return { model, drop: { name: 'd', bucket: 'b', files: { train: file, eval: file } }, dataset: 'p.d' };
};
const ready = (model: string) => here.completed(DatasetReady, readyData(model));

/** A delivery to a stage that ends at once, made by one of the processes. */
function deliver(
  runtime: Runtime,
  deliveryId: string,
  start: () => Promise<Outcome<unknown>>,
  leaseSeconds = LEASE_SECONDS,
) {
  const leased = { ...environment, BATON_LEASE_SECONDS: leaseSeconds };
  const work = runtime.workOn(key, undefined, leased, runtime.createLogger({ project: 'p' }));
  const push = { message: { messageId: deliveryId, attributes: {} }, subscription: 'prepare' };
  return runtime.makeAttempt(claimOf(deliveryId), push, work, start);
}

/** Claims the attempt, and ends it as far as its record, as one who died before publishing would leave it. */
async function endWithoutPublishing(operation?: { startedAt: string; resources: string[] }): Promise<Held> {
  const clock = () => new Date();
  const taken = await here.takeAttempt(environment, claimOf('1'), clock);
  if (taken.kind !== 'taken') throw new Error(`the attempt is ${taken.kind}`);
  const work = here.workOn(key, undefined, environment, here.createLogger({ project: 'p' }));
  const ending = here.endingEvent(DatasetReady, readyData('first'), taken.record, work);
  const record = { ...taken.record, operation, ending };
  const { BATON_BUCKET: bucket } = environment;
  const fence = await here.writeJson(bucket, layout.attemptRecord(key), record, taken.fence);
  return { record, fence: String(fence) };
}

it('fifty copies of one message at once do the work once and leave one duplicate', async () => {
  const start = vi.fn(async () => ready('copies'));
  // A lease that fifty copies don't outlast on a slow machine: nobody here is slower than it.
  const copy = (i: number) => deliver(i % 2 ? here : there, '7', start, 300);
  expect(new Set(await Promise.all(Array.from({ length: 50 }, (_, i) => copy(i))))).toContain('acknowledge');
  expect(await copy(51)).toBe('acknowledge');
  expect(start).toHaveBeenCalledTimes(1);
  await expect.poll(() => publishedOf(key), within).toEqual([`${key.run}/prepare/1/dataset-ready`]);
  expect(await deliveries.duplicates(key)).toMatchObject([{ deliveryId: '7', duplicateOf: '7' }]);
});

it('an owner who is slower than the lease is fenced: it changes nothing and publishes nothing', async () => {
  const resumed = Promise.withResolvers<Outcome<unknown>>();
  const slow = deliver(here, '1', () => resumed.promise);
  const next = () => deliver(there, '1', async () => ready('second'));
  await expect.poll(next, { timeout: 120_000, interval: 500 }).toBe('acknowledge');
  const ended = await deliveries.attempt(key);
  expect(ended.ending?.data).toMatchObject({ model: 'second' });
  resumed.resolve(ready('first'));
  expect(await slow).toBe('acknowledge');
  expect(await deliveries.attempt(key)).toEqual(ended);
  expect(publishedOf(key)).toHaveLength(1);
});

it('an ending that its owner did not live to publish goes out with the redelivery, once', async () => {
  await endWithoutPublishing();
  const again = () => deliver(there, '1', () => Promise.reject(new Error('the work is done')));
  await expect.poll(again, { timeout: 120_000, interval: 500 }).toBe('acknowledge');
  await expect.poll(() => publishedOf(key), within).toHaveLength(1);
  expect((await deliveries.attempt(key)).publishedAt).toBeDefined();
  expect(await again()).toBe('acknowledge');
  expect(publishedOf(key)).toHaveLength(1);
});

/** Marks a drop's missing file as outstanding and overdue, in as many runs. */
async function expectOverdue(runs: number): Promise<AttemptKey[]> {
  const clock = () => new Date();
  const keys = Array.from({ length: runs }, (_, i) => ({ ...key, run: `${key.run}-${i}` as RunId }));
  const { runIdOf } = await import('../../events/index.ts');
  return Promise.all(
    keys.map(async ({ run: drop, ...rest }) => {
      const run = runIdOf(drop, {});
      const bucket = environment.BATON_BUCKET;
      const claim = { run, ...rest, cause: { source: '//test', id: drop, deliveryId: '1' } };
      await here.putExpectation(bucket, {
        ...here.claimedNow(environment, claim, clock),
        fence: '0',
        startedAt: clock().toISOString(),
        resources: [`gs://${bucket}/${layout.drop(drop)}train.csv`],
        state: { drop, bucket, deadline: clock().toISOString() },
      });
      return { run, ...rest };
    }),
  );
}

it('of fifty deliveries that find an ending unpublished, one is to publish it', async () => {
  await endWithoutPublishing();
  const leased = { ...environment, BATON_LEASE_SECONDS: 8 };
  const aged = async () => (await here.statObject(leased.BATON_BUCKET, layout.attemptRecord(key)))?.ageMs;
  await expect.poll(aged, { timeout: 120_000, interval: 200 }).toBeGreaterThan(8_000);
  const look = (runtime: Runtime) => runtime.takeAttempt(leased, claimOf('1'), () => new Date());
  const found = await Promise.all(Array.from({ length: 50 }, (_, i) => look(i % 2 ? here : there)));
  expect(found.filter(({ kind }) => kind === 'unpublished')).toHaveLength(1);
  expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set(['unpublished', 'busy']));
});

it('sweeps that overlap end each attempt once, and publish it once', async () => {
  const keys = await expectOverdue(10);
  const log = here.createLogger({ project: 'p' });
  const settle = (runtime: Runtime) =>
    keys.map((one) => runtime.settleAttempt(one, environment, log, { signalled: false }));
  await Promise.all([...settle(here), ...settle(there)]);
  for (const one of keys) {
    await expect.poll(() => publishedOf(one), within).toEqual([`${one.run}/prepare/1/refused`]);
    await expect.poll(() => here.readMarker(environment.BATON_BUCKET, one), within).toBeUndefined();
  }
});

it('an attempt that settle ended and did not live to publish is published by a later sweep', async () => {
  const { record } = await endWithoutPublishing({ startedAt: new Date().toISOString(), resources: ['r'] });
  const { operation: _, ending: __, ...claim } = record;
  const outstanding = { ...claim, fence: '1', startedAt: claim.claimedAt, resources: ['r'], state: {} };
  await here.putExpectation(environment.BATON_BUCKET, outstanding);
  const log = here.createLogger({ project: 'p' });
  const sweep = () => here.settleAttempt(key, environment, log, { signalled: false });
  await sweep();
  expect(publishedOf(key)).toEqual([]);
  const swept = async () => {
    await sweep();
    return here.readMarker(environment.BATON_BUCKET, key);
  };
  await expect.poll(swept, { timeout: 120_000, interval: 500 }).toBeUndefined();
  await expect.poll(() => publishedOf(key), within).toHaveLength(1);
});

it('nothing of all this was published twice', () => {
  expect(published.length).toBeGreaterThan(0);
  expect([...new Set(published)]).toEqual(published);
});
