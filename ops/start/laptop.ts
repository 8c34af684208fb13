import { OPERATOR } from '../../local/declared-policy.ts';

/**
 * What the stacks are told otherwise on a laptop, unless `--config` says it: nobody should wait there for a quarter of an
 * hour until a share of the traffic has soaked, and the person at the keyboard is who brings versions back.
 */
export const LAPTOP: Record<string, string> = {
  'baton:rollout': JSON.stringify({
    steps: [25, 50, 100],
    soakSeconds: 10,
    abort: { drift: true, maxErrorRate: 0.05, minRequests: 100 },
  }),
  'baton:operators': JSON.stringify([`user:${OPERATOR}`]),
};
