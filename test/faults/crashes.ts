import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AttemptRecord, dispositionOf, layout, type RunId, TENANT_OF } from '../../events/index.ts';
import type { StubCloud } from '../chaos/stub-cloud.ts';
import { createdFor, endingsOf, objectsUnder, readJson, startFaultyCloud } from './cloud.ts';
import { attemptAt, type CrashPoint, crashPointsOf, victimsOf } from './crash-points.ts';

/** Starts the runs of the points, each of which meets its crash on the way, and waits until all have ended. */
export type Schedule = (cloud: StubCloud, drops: string[]) => Promise<Map<string, RunId>>;

/**
 * The crash matrix of a tenant: every stage of it, and what else it has, killed at every one of its points.
 *
 * @returns what happened, for tests of what only some of them do
 */
export function describeCrashes(
  tenant: 'nonprod' | 'prod',
  schedule: Schedule,
  config: Record<string, string> = {},
): { cloud(): StubCloud; runOf(point: CrashPoint): RunId } {
  const points = victimsOf(tenant).flatMap(crashPointsOf);
  let cloud: StubCloud;
  let runs: Map<string, RunId>;

  beforeAll(async () => {
    cloud = await startFaultyCloud(
      points.map(({ rule }) => rule),
      config,
    );
    runs = await schedule(cloud, [...new Set(points.map(({ drop }) => drop))]);
  }, 1_000_000);
  afterAll(() => cloud?.close());

  describe.each(victimsOf(tenant))('F6 %s killed', (victim) => {
    it.each(crashPointsOf(victim))('$name: one effect, one ending, nothing left behind', async (point) => {
      const run = runs.get(point.drop)!;
      expect(crashesOf(cloud, points, point)).toHaveLength(1);
      expect(['monitored', 'superseded']).toContain(cloud.ledger.ends.get(run)?.event);
      expect(createdFor(cloud, run).filter(([, times]) => times > 1)).toEqual([]);
      expect(createdFor(cloud, run).length).toBeGreaterThanOrEqual(4);
      const { stage, attempt } = attemptAt(victim);
      expect(endingsOf(cloud, run, stage, attempt)).toHaveLength(1);
      const key = { run, stage, attempt };
      const record = AttemptRecord.parse(await readJson(cloud, TENANT_OF[stage], layout.attemptRecord(key)));
      expect(['done', 'superseded']).toContain(dispositionOf(record));
      expect([record.ending?.id]).toEqual(endingsOf(cloud, run, stage, attempt));
    });
  });

  it('leaves no operation outstanding, and no table but the live ones', { timeout: 60_000 }, async () => {
    // The last event is told before the last marker goes.
    const outstanding = () => objectsUnder(cloud, layout.outstandingPrefix);
    await expect.poll(outstanding, { timeout: 30_000 }).toEqual([]);
    const { BigQuery } = await import('@google-cloud/bigquery');
    const [tables] = await new BigQuery({ projectId: 'baton-nonprod' }).dataset('stub').getTables();
    expect(tables.map(({ id }) => id).sort()).toEqual(['eval', 'train']);
  });

  return { cloud: () => cloud, runOf: ({ drop }) => runs.get(drop)! };
}

const crashesOf = (cloud: StubCloud, points: CrashPoint[], point: CrashPoint) =>
  cloud.cloud
    .injectedFaults()
    .filter(({ rule }) => points[rule]?.victim === point.victim && points[rule].name === point.name);
