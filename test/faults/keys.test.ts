import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { layout, type RunId } from '../../events/index.ts';
import type { FaultPlan } from '../../local/faults/plan.ts';
import type { StubCloud } from '../chaos/stub-cloud.ts';
import { type CommandLine, commandLineTo } from '../ops/command-line.ts';
import { endingsOf, expectOneOfEach, objectsUnder, startFaultyCloud } from './cloud.ts';
import { attemptOf } from './publish.ts';

const shell = { ...process.env };
const PATIENCE_MS = 150_000;
/** Long enough to disable a key while nothing but this is on its way. */
const HELD_MS = 5000;
const KEY = 'projects/baton-nonprod/locations/us-central1/keyRings/baton/cryptoKeys/baton';

const held = (stage: string, drop: string): FaultPlan['rules'][number] => ({
  ...{ at: 'delivery', who: `/function ${stage}$`, what: '^pubsub$', mentions: `"${drop}-` },
  effect: { delayMs: HELD_MS },
});

describe('the key that encrypts non-production', { timeout: PATIENCE_MS }, () => {
  let cloud: StubCloud;
  let baton: CommandLine;
  beforeAll(async () => {
    cloud = await startFaultyCloud([held('train', 'f19-own'), held('approve', 'f19-other')]);
    baton = await commandLineTo(cloud.cloud, shell);
    await cloud.ledger.ended([await cloud.start('first')], PATIENCE_MS);
  }, PATIENCE_MS);
  afterAll(async () => {
    baton?.close();
    await cloud?.close();
  });

  /** Asks Cloud KMS, as `gcloud kms` does. */
  const askKms = async <Answer>(method: 'POST' | 'PATCH', path: string, data: object) => {
    const { GoogleAuth } = await import('google-auth-library');
    const auth = new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/cloud-platform' });
    const url = `https://cloudkms.googleapis.com/v1/${KEY}${path}`;
    return (await auth.request<Answer>({ url, method, data })).data;
  };
  const setState = (version: number, state: 'ENABLED' | 'DISABLED') =>
    askKms('PATCH', `/cryptoKeyVersions/${version}?updateMask=state`, { state });
  const rotate = async () => {
    const { name } = await askKms<{ name: string }>('POST', '/cryptoKeyVersions', {});
    await askKms('POST', ':updatePrimaryVersion', { cryptoKeyVersionId: name.split('/').at(-1) });
    return name;
  };
  const published = async (id: string) =>
    expect.poll(() => cloud.ledger.published.has(id), { timeout: PATIENCE_MS, interval: 50 }).toBe(true);
  const refusedBy = (stage: string) =>
    cloud.cloud
      .deliveries()
      .filter(({ subscription, outcome }) => subscription.endsWith(`/${stage}`) && outcome === 'nacked');

  it('F19 disabled in the middle of a run halts it, and nothing is begun, parked or lost; enabled, the run goes on', async () => {
    const run = await cloud.start('f19-own');
    await published(`${run}/ingest/1/ingest-done`);
    await setState(1, 'DISABLED');
    await expect.poll(() => refusedBy('train').length, { timeout: PATIENCE_MS }).toBeGreaterThan(1);
    expect(await objectsUnder(cloud, layout.attempt(run, 'train', 1))).toEqual([]);
    expect([...cloud.ledger.created.keys()].filter((what) => /CreateCustomJob.*f19-own/.test(what))).toEqual(
      [],
    );
    await setState(1, 'ENABLED');
    expect(await cloud.ledger.ended([run], PATIENCE_MS)).toMatchObject([{ event: 'monitored' }]);
    expectOneOfEach(cloud, run);
    expect(await objectsUnder(cloud, layout.parkedPrefix)).toEqual([]);
  });

  it('F19 disabled when production needs what it encrypts parks the run at once, naming the version', async () => {
    const run = await cloud.start('f19-other');
    await published(`${run}/evaluate/1/eval-passed`);
    await setState(1, 'DISABLED');
    expect(await cloud.ledger.ended([run], PATIENCE_MS)).toMatchObject([{ event: 'parked' }]);
    const { ending } = await attemptOf(cloud, run, 'approve');
    expect(ending?.data).toMatchObject({
      ...{ stage: 'approve', code: 'BATON_PRECONDITION' },
      reason: expect.stringContaining(
        `${KEY}/cryptoKeyVersions/1 is not enabled, current state is: DISABLED`,
      ),
    });
    expect(refusedBy('approve')).toEqual([]);

    await setState(1, 'ENABLED');
    expect((await baton('runs', 'replay', run, '--reason', 'the key is enabled again', '--yes')).code).toBe(
      0,
    );
    expect((await baton('runs', 'watch', run)).code).toBe(0);
    const ended = () => endingsOf(cloud, run, 'monitor', 2);
    await expect.poll(ended, { timeout: PATIENCE_MS }).toEqual([`${run}/monitor/2/monitored`]);
  });

  it('F19 rotated in the middle of a run is noticed by nobody: what is new has the new version, and what was is read', async () => {
    const run = await cloud.start('f19-rotated');
    await published(`${run}/prepare/1/dataset-ready`);
    const version = await rotate();
    expect(await cloud.ledger.ended([run], PATIENCE_MS)).toMatchObject([{ event: 'monitored' }]);
    expectOneOfEach(cloud, run);
    expect(await versionsOf(run)).toEqual([`${KEY}/cryptoKeyVersions/1`, version]);
  });

  /** The versions of the key that the run's objects in non-production are encrypted with. */
  async function versionsOf(run: RunId): Promise<string[]> {
    const [files] = await cloud.storage.bucket(cloud.buckets.nonprod).getFiles({ prefix: layout.run(run) });
    expect(files.length).toBeGreaterThan(5);
    return [...new Set(files.map(({ metadata }) => String(metadata.kmsKeyName)))].sort();
  }
});
