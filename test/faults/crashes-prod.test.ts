import { describe, expect, it, vi } from 'vitest';
import { type Envelope, layout, RollbackRequested, type RunId } from '../../events/index.ts';
import { OPERATOR } from '../../local/declared-policy.ts';
import type { Decided } from '../end-to-end/decide.ts';
import { readJson } from './cloud.ts';
import { type CrashPoint, crashPointsOf } from './crash-points.ts';
import { describeCrashes, type Schedule } from './crashes.ts';
import { approve, DECIDED_BY_OPERATOR, rollBack, rollBackInPassing } from './decisions.ts';

const PATIENCE_MS = 120_000;
const rolledBack = new Set(crashPointsOf('rollback').map(({ drop }) => drop));
/** A request for a rollback that is on record and not published; whoever made it does not ask again. */
const isGivenUp = ({ victim, name }: CrashPoint) => victim === 'decide rollback' && name === 'before publish';
const givenUp = crashPointsOf('decide rollback').find(isGivenUp)?.drop;

/** What was answered to whoever approved a drop's run, or rolled it back. */
const answers = { approval: new Map<string, Decided[]>(), rollback: new Map<string, Decided[]>() };

// One after another: of two runs that reach production at once, the older one is superseded and meets no crash.
const schedule: Schedule = async (cloud, drops) => {
  const promote = async (drop: string) => {
    const run = await cloud.start(drop);
    answers.approval.set(drop, await approve(cloud, run, PATIENCE_MS));
    await cloud.ledger.ended([run], PATIENCE_MS);
    return run;
  };
  // The first run creates the endpoint and its monitoring job; all others find them.
  await promote('first');
  const runs = new Map<string, RunId>();
  for (const drop of drops) {
    const run = await promote(drop);
    runs.set(drop, run);
    if (!rolledBack.has(drop)) continue;
    answers.rollback.set(drop, await (drop === givenUp ? rollBackInPassing : rollBack)(cloud, run));
    const isRolledBack = () => expect(cloud.ledger.published.has(`${run}/rollback/2/rolled-back`)).toBe(true);
    await vi.waitFor(isRolledBack, { timeout: PATIENCE_MS });
  }
  return runs;
};

// Each has a champion to be compared with, so that approve has a job to lose, and then waits for somebody to decide.
const { cloud, runOf } = describeCrashes('prod', schedule, {
  ...DECIDED_BY_OPERATOR,
  'baton:championMargin': '{"accuracy":0.01}',
});

/** How much Vertex ML Metadata has in a run's context. */
async function lineageOf(run: RunId) {
  const { MetadataServiceClient } = await import(
    '@google-cloud/aiplatform/build/src/v1/metadata_service_client.js'
  );
  const client = new MetadataServiceClient({ apiEndpoint: 'us-central1-aiplatform.googleapis.com' });
  const parent = 'projects/baton-prod/locations/us-central1/metadataStores/default';
  const [graph] = await client.queryContextLineageSubgraph({ context: `${parent}/contexts/run-${run}` });
  const { artifacts, executions, events } = graph;
  return { artifacts: artifacts?.length, executions: executions?.length, events: events?.length };
}

/** Whoever asked was told at least once that it failed, unless the function had answered before it died; then this. */
function expectAnswer(kind: keyof typeof answers, { drop, name }: CrashPoint, last: string): void {
  const said = answers[kind]
    .get(drop)!
    .map(({ status, data }) => [status, data?.code].filter(Boolean).join(' '));
  expect(said.pop()).toBe(last);
  // More than once where the next request, too, reached the process that was dying.
  expect(new Set(said)).toEqual(new Set(name === 'after ack' ? [] : ['503']));
}

describe('F6 the lineage', () => {
  /** As many nodes and events as every deployment has. */
  const WHOLE = { artifacts: 7, executions: 4, events: 12 };

  it.each(crashPointsOf('lineage'))('that was killed $name is whole, and written once', async (point) => {
    const written = () => lineageOf(runOf(point));
    await expect.poll(written, { timeout: PATIENCE_MS, interval: 200 }).toEqual(WHOLE);
  });
});

describe('F6 a person', () => {
  it.each(crashPointsOf('decide approval'))(
    'who approves while decide is killed $name has decided once',
    async (point) => {
      const isOnRecord = !['before decision', 'after ack'].includes(point.name);
      expectAnswer('approval', point, isOnRecord ? '409 BATON_APPROVAL_DECIDED' : '200');
      const object = layout.decision({ run: runOf(point), stage: 'approve', attempt: 1 });
      const decision = await readJson(cloud(), 'prod', object);
      expect(decision).toMatchObject({ decision: 'approved', by: OPERATOR });
    },
  );

  it.each(crashPointsOf('decide rollback'))(
    'who rolls back while decide is killed $name is heard once',
    async (point) => {
      const run = runOf(point);
      expectAnswer('rollback', point, isGivenUp(point) ? '409 BATON_ROLLBACK_OUTDATED' : '200');
      const key = { run, stage: 'rollback', attempt: 2 } as const;
      const { input } = (await readJson(cloud(), 'prod', layout.attemptRecord(key))) as { input: Envelope };
      expect(input).toEqual(await readJson(cloud(), 'prod', layout.rollbackRequest(key)));
      expect(input.id).toBe(`${run}/rollback/2/${RollbackRequested.name}`);
    },
  );
});
