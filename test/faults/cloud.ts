import { expect } from 'vitest';
import { type RunId, stagesFrom } from '../../events/index.ts';
import type { FaultPlan } from '../../local/faults/plan.ts';
import { type StubCloud, startStubCloud } from '../chaos/stub-cloud.ts';

/** Seeds the plans of these tests; their rules say what happens when, so it decides next to nothing. */
const SEED = 1;

/**
 * A lease of a few seconds and redelivery after one, so that a test need not wait minutes for what a crash left. A
 * healthy handler on a busy machine, its clients' first use included, still needs less than the lease.
 */
const IMPATIENT = { 'baton:leaseSeconds': '5', 'baton:redeliverySeconds': '1' };

export const startFaultyCloud = (
  rules: FaultPlan['rules'],
  config: Record<string, string> = {},
): Promise<StubCloud> =>
  startStubCloud({ faults: { seed: SEED, rules }, config: { ...IMPATIENT, ...config } });

/** What a run creates that bears its name: two Dataflow jobs, two custom jobs, a model version and its evaluation. */
const CREATED_BY_A_RUN = 6;
/** The stages of every run that nobody rolls back. */
const CHAIN = stagesFrom('prepare');

/** One run's worth of effects, and one ending of each stage. */
export function expectOneOfEach(cloud: StubCloud, run: RunId): void {
  expect(createdFor(cloud, run).map(([, times]) => times)).toEqual(Array(CREATED_BY_A_RUN).fill(1));
  expect(CHAIN.map((stage) => [stage, endingsOf(cloud, run, stage).length])).toEqual(
    CHAIN.map((stage) => [stage, 1]),
  );
}

/** What the functions created for a run, and how often each. */
export const createdFor = ({ ledger }: StubCloud, run: RunId) =>
  [...ledger.created].filter(([what]) => what.includes(run));

/**
 * The ids of the events that ended an attempt of a stage of a run. Those that tell of parked messages are longer, and the
 * request for a rollback begins its attempt.
 */
export const endingsOf = ({ ledger }: StubCloud, run: RunId, stage: string, attempt = 1) =>
  [...ledger.published.keys()].filter((id) =>
    new RegExp(`^${run}/${stage}/${attempt}/(?!rollback-requested$)[^/]+$`).test(id),
  );

/** The names of the objects under a prefix of both buckets. */
export async function objectsUnder({ storage, buckets }: StubCloud, prefix: string): Promise<string[]> {
  const names = await Promise.all(
    Object.values(buckets).map(async (bucket) => {
      const [files] = await storage.bucket(bucket).getFiles({ prefix });
      return files.map(({ name }) => name);
    }),
  );
  return names.flat();
}

/** A JSON object of either bucket. */
export async function readJson(
  { storage, buckets }: StubCloud,
  tenant: keyof StubCloud['buckets'],
  name: string,
): Promise<unknown> {
  const [content] = await storage.bucket(buckets[tenant]).file(name).download();
  return JSON.parse(content.toString('utf8'));
}
