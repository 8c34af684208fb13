import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FaultPlan } from '../../local/faults/plan.ts';
import type { StubCloud } from '../chaos/stub-cloud.ts';
import { expectOneOfEach, startFaultyCloud } from './cloud.ts';

const PATIENCE_MS = 150_000;
type Rule = FaultPlan['rules'][number];

/** What goes wrong in the run of each drop. */
const CASES: { name: string; drop: string; rules: Rule[] }[] = [
  {
    name: 'F9 Vertex AI unavailable for a while costs time and nothing else',
    drop: 'f9-vertex',
    rules: [
      {
        at: 'call',
        who: '/function train$',
        what: 'JobService/(ListCustomJobs|CreateCustomJob)$',
        mentions: 'f9-vertex-',
        times: 3,
        effect: { refuse: 'UNAVAILABLE' },
      },
    ],
  },
  {
    name: 'F9 a bucket that refuses writes for a while costs time and nothing else',
    drop: 'f9-storage',
    rules: [
      {
        at: 'call',
        who: '/function ',
        what: '^POST storage\\.googleapis\\.com/upload/',
        mentions: '/f9-storage-',
        times: 6,
        effect: { refuse: 'UNAVAILABLE' },
      },
    ],
  },
  {
    name: 'F9 Pub/Sub refusing to publish for a while costs time and nothing else',
    drop: 'f9-publish',
    rules: [
      {
        at: 'call',
        who: '/function ',
        what: 'Publisher/Publish$',
        mentions: '"f9-publish-',
        times: 4,
        effect: { refuse: 'UNAVAILABLE' },
      },
    ],
  },
  {
    name: 'F10 a model uploaded and a deploy begun whose answers were lost are found, and not done again',
    drop: 'f10',
    rules: [
      { at: 'call', what: '/UploadModel$', mentions: 'f10-', effect: { lose: 'answer' } },
      { at: 'call', what: '/DeployModel$', mentions: 'f10-', effect: { lose: 'answer' } },
    ],
  },
  {
    name: 'F10 a training job created whose answer was lost is found, and not created again',
    drop: 'f10-job',
    rules: [{ at: 'call', what: '/CreateCustomJob$', mentions: 'f10-job-', effect: { lose: 'answer' } }],
  },
  {
    name: 'F10 a claim written whose answer was lost is known again',
    drop: 'f10-claim',
    rules: [
      {
        at: 'call',
        what: '^POST storage\\.googleapis\\.com/upload/',
        mentions: 'name=runs/f10-claim-[0-9a-f]{10}/train/1/attempt\\.json',
        effect: { lose: 'answer' },
      },
    ],
  },
  {
    name: 'F11 operations whose signals are all lost are finished by the sweep',
    drop: 'f11',
    rules: [
      {
        at: 'delivery',
        who: '/function settle$',
        what: '^(pubsub|eventarc)$',
        mentions: '[/-]f11-',
        times: 100,
        effect: { drop: true },
      },
    ],
  },
  {
    name: 'F21 pushes that Cloud Run refuses, as between two keys or grants, are made again and drain',
    drop: 'f21',
    rules: ([401, 403] as const).map((answer, before) => ({
      ...{ at: 'delivery', who: '/function evaluate$', what: '^pubsub$', mentions: '"f21-', nth: before + 1 },
      effect: { answer },
    })),
  },
];
const PLAN = CASES.flatMap(({ drop, rules }) => rules.map((rule) => ({ drop, rule })));

describe('what the functions depend on', { timeout: PATIENCE_MS }, () => {
  let cloud: StubCloud;
  beforeAll(async () => {
    cloud = await startFaultyCloud(PLAN.map(({ rule }) => rule));
  }, PATIENCE_MS);
  afterAll(() => cloud?.close());

  it.each(CASES)('$name', async ({ drop, rules }) => {
    const run = await cloud.start(drop);
    expect(await cloud.ledger.ended([run], PATIENCE_MS)).toMatchObject([{ event: 'monitored' }]);
    const met = new Set(cloud.cloud.injectedFaults().map(({ rule }) => rule));
    const planned = PLAN.flatMap((one, index) => (one.drop === drop ? [index] : []));
    expect(planned.filter((rule) => met.has(rule))).toHaveLength(rules.length);
    expectOneOfEach(cloud, run);
    expect(cloud.ledger.doubled).toEqual([]);
  });
});
