/**
 * What the stacks are told otherwise on a laptop, unless `--config` says it: nobody should wait there for a quarter of an
 * hour until a share of the traffic has soaked.
 */
export const LAPTOP: Record<string, string> = {
  'baton:rollout': JSON.stringify({
    steps: [25, 50, 100],
    soakSeconds: 10,
    abort: { drift: true, maxErrorRate: 0.05, minRequests: 100 },
  }),
};
