import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { watchRun } from '../../ops/runs/watch.ts';
import { smallDrop, startTestCloud, type TestCloud } from './cloud.ts';

/** How long a run may stand still here: several sweeps of the laptop's one-second schedule. */
const STALL_MS = 8_000;

/**
 * What is taken out of the Pulumi program, and how far the run then gets. Each is one line of wiring without
 * which the real cloud would be as silent as the laptop.
 */
const REMOVALS = [
  {
    what: "the drops' notification",
    without: 'gcp:storage/notification:Notification::drops-notification',
    reaches: [],
  },
  {
    what: 'the topic ingest-done',
    without: 'gcp:pubsub/topic:Topic::ingest-done',
    reaches: ['prepare', 'ingest'],
  },
  {
    what: "train's subscription",
    without: 'gcp:pubsub/subscription:Subscription::train',
    reaches: ['prepare', 'ingest'],
  },
];

describe.each(REMOVALS)('without $what in the program', ({ without, reaches }) => {
  let test: TestCloud;
  beforeAll(async () => {
    test = await startTestCloud({ without: [without] });
  });
  afterAll(() => test?.close());

  it('the run stalls there', async () => {
    const run = await test.drop('stall', smallDrop());
    const { view, stalled } = await watchRun(test.storage, test.buckets, run, {
      pollMs: 300,
      stallMs: STALL_MS,
      signal: new AbortController().signal,
      onChange: () => {},
    });
    expect(stalled).toBe(true);
    expect(view.stages.map((stage) => stage.stage)).toEqual(reaches);
  });
});
