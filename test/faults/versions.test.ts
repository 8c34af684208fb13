import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Envelope,
  endingName,
  IngestDone,
  type RunId,
  type StageName,
  toPubsubMessage,
} from '../../events/index.ts';
import type { ParkedView } from '../../ops/events/parked.ts';
import type { RedriveResult } from '../../ops/events/redrive.ts';
import type { RunDescription } from '../../ops/runs/describe.ts';
import { type StubCloud, startStubCloud } from '../chaos/stub-cloud.ts';
import { Deliveries } from '../end-to-end/deliveries.ts';
import { type CommandLine, commandLineTo } from '../ops/command-line.ts';
import { endingsOf } from './cloud.ts';
import { attemptOf, publishAll } from './publish.ts';
import { asBefore, EVENTS_BEFORE } from './stored-events.ts';

const shell = { ...process.env };
const PATIENCE_MS = 150_000;
const ROOT = resolve(import.meta.dirname, '../..');

/** The stages that heard the version before, each of which hears it in an attempt of its own. */
const HEARD_BEFORE: StageName[] = ['ingest', 'train', 'evaluate', 'approve', 'monitor'];
const attemptBy = (stage: StageName) => 2 + HEARD_BEFORE.indexOf(stage);
const LATER = attemptBy('monitor') + 1;
const NEXT = LATER + 1;
const NEXT_TYPE = IngestDone.type.replace(/v1$/, 'v2');

/** The same event for another attempt, as a replay sends it. */
const again = (event: Envelope, attempt: number): Envelope => ({
  ...event,
  ...{ id: `${event.id}/replay/${attempt}`, attempt },
});

describe('events of other versions', { timeout: PATIENCE_MS }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'baton-versions-'));
  let cloud: StubCloud;
  let baton: CommandLine;
  let run: RunId;
  beforeAll(async () => {
    cloud = await startStubCloud({ stateDir: join(folder, 'state') });
    baton = await commandLineTo(cloud.cloud, shell);
    run = await cloud.start('plain');
    await cloud.ledger.ended([run], PATIENCE_MS);
    const deliveries = new Deliveries(cloud);
    for (const stage of HEARD_BEFORE) {
      const input = (await attemptOf(cloud, run, stage)).input as Envelope;
      const stored = EVENTS_BEFORE.get(endingName(input));
      await deliveries.send(stage, again(asBefore(input, stored), attemptBy(stage)));
    }
    const input = (await attemptOf(cloud, run, 'train')).input as Envelope;
    const data = { ...(input.data as object), later: { than: 'this' } };
    await deliveries.send('train', again({ ...input, data }, LATER));
  }, PATIENCE_MS);
  afterAll(async () => {
    baton?.close();
    await cloud?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const endOf = async (attempt: number) => {
    const ended = () => endingsOf(cloud, run, 'monitor', attempt);
    await expect.poll(ended, { timeout: PATIENCE_MS }).toHaveLength(1);
    return ended()[0];
  };

  it.each(HEARD_BEFORE)(
    'F15 %s takes an event as the version before wrote it, and the run ends as ever',
    async (stage) => {
      expect(await endOf(attemptBy(stage))).toBe(`${run}/monitor/${attemptBy(stage)}/monitored`);
    },
  );

  it('F15 an event with more in it than is known, as during a rollout, is taken for what is known', async () => {
    expect(await endOf(LATER)).toBe(`${run}/monitor/${LATER}/monitored`);
  });

  it('F15 an event of the next major version is parked, and taken once handlers of that version are deployed', async () => {
    const input = (await attemptOf(cloud, run, 'train')).input as Envelope;
    const [id] = await publishAll(cloud, 'nonprod', 'ingest-done', [
      toPubsubMessage({ ...again(input, NEXT), type: NEXT_TYPE }),
    ]);
    const parked = async () =>
      (await baton.json<{ parked: ParkedView[] }>('events', 'list', '--limit', '1')).parked;
    await expect.poll(parked, { timeout: PATIENCE_MS, interval: 500 }).toMatchObject([
      {
        id,
        code: 'BATON_EVENT_UNKNOWN',
        reason: expect.stringContaining(`${NEXT_TYPE}, where ${IngestDone.type}`),
      },
    ]);

    await cloud.cloud.close();
    baton.close();
    cloud = await deployNext(join(folder, 'next'), join(folder, 'state'));
    baton = await commandLineTo(cloud.cloud, shell);
    const { messages } = await baton.json<{ messages: RedriveResult[] }>('events', 'redrive', id);
    expect(messages).toMatchObject([{ result: 'sent' }]);
    expect(await endOf(NEXT)).toBe(`${run}/monitor/${NEXT}/monitored`);
    const { stages } = await baton.json<RunDescription>('runs', 'describe', run);
    expect(stages.find(({ stage, attempt }) => stage === 'train' && attempt === NEXT)?.state).toBe(
      'completed',
    );
  });
});

/** Deploys, on the state of the present version, a version whose `ingest-done` is of the next major version. */
async function deployNext(folder: string, stateDir: string): Promise<StubCloud> {
  const isSource = (path: string) => !/^(node_modules|\.git|\.baton.*)$/.test(basename(path));
  cpSync(ROOT, folder, { recursive: true, filter: isSource });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'dir');
  const contract = join(folder, 'events/ingest-done.ts');
  writeFileSync(contract, readFileSync(contract, 'utf8').replace(IngestDone.type, NEXT_TYPE));
  const next: typeof import('../chaos/stub-cloud.ts') = await import(
    join(folder, 'test/chaos/stub-cloud.ts')
  );
  // From its sources: the bundles of this test run are of the present version.
  return next.startStubCloud({ stateDir, config: { 'baton:functionBundles': '' } });
}
