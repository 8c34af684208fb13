import type { FaultPlan } from '../../local/faults/plan.ts';

/** A function's process makes about so many calls for each request that it handles. */
const CALLS_PER_REQUEST = 5;

/**
 * Everything goes wrong now and then: of the deliveries 5 % come twice and 5 % late, so that others overtake them; 1 %
 * of the signals are lost; of the requests to functions 1 % find their process killed, half of them before or after
 * their work and half in the middle of it; 1 % of the API calls are refused, or served and never answered.
 */
export const stormy = (seed: number): FaultPlan => ({
  seed,
  rules: [
    { at: 'delivery', share: 0.05, effect: { duplicate: 1, withinMs: 1000 } },
    { at: 'delivery', share: 0.05, effect: { delayMs: 500 } },
    {
      at: 'delivery',
      who: '/function settle$',
      what: '^(pubsub|eventarc)$',
      share: 0.01,
      effect: { drop: true },
    },
    { at: 'request', share: 0.0017, effect: { kill: 'before' } },
    { at: 'request', share: 0.0017, effect: { kill: 'after' } },
    { at: 'request', share: 0.0017, effect: { kill: 'answered' } },
    { at: 'call', who: '/function ', share: 0.0025 / CALLS_PER_REQUEST, effect: { kill: 'before' } },
    { at: 'call', who: '/function ', share: 0.0025 / CALLS_PER_REQUEST, effect: { kill: 'after' } },
    { at: 'call', share: 0.003, effect: { refuse: 'UNAVAILABLE' } },
    { at: 'call', share: 0.003, effect: { refuse: 'RESOURCE_EXHAUSTED' } },
    { at: 'call', share: 0.004, effect: { lose: 'answer' } },
  ],
});
