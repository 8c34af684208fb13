import { z } from 'zod';

const percent = z.number().int().min(1).max(100);

/** How a new version takes over from the champion, as `baton:rollout` of a stack says. */
export const RolloutPlan = z.strictObject({
  steps: z
    .array(percent)
    .min(1)
    .refine((steps) => steps.every((step, place) => place === 0 || step > steps[place - 1]), {
      error: 'expected shares that grow from step to step',
    })
    .refine((steps) => steps.at(-1) === 100, { error: 'expected the last share to be 100' })
    .describe("The new version's share of the traffic, step by step, in percent."),
  soakSeconds: z
    .number()
    .int()
    .min(0)
    .describe('How long each share is kept, and watched, before the next one.'),
  abort: z
    .strictObject({
      drift: z
        .boolean()
        .describe(
          'Whether skew or drift beyond its threshold, measured on the new version, ends the rollout.',
        ),
      maxErrorRate: z
        .number()
        .min(0)
        .max(1)
        .describe("The largest share of the new version's answers that may be server errors; 1 for any."),
      minRequests: z
        .number()
        .int()
        .min(1)
        .describe('How many answers there must be before that share says anything.'),
    })
    .describe('What takes the traffic back to the champion.'),
});
export type RolloutPlan = z.infer<typeof RolloutPlan>;

/** Where a rollout stands that soaks: what its outstanding marker keeps for `settle`, and shows to people. */
export const RolloutProgress = z.object({
  share: z.number().int().min(0).max(100),
  soaksUntil: z.iso.datetime(),
  /** The next share; absent where promotion comes next. */
  next: percent.optional(),
});
export type RolloutProgress = z.infer<typeof RolloutProgress>;

/** What the state of an outstanding rollout says to a reader who isn't its stage. */
export const RolloutState = z.looseObject({ progress: RolloutProgress.optional() });
