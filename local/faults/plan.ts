import { z } from 'zod';

/**
 * What goes wrong, as data. A rule names a boundary of the local cloud, which of the occasions there it is about, and
 * what happens then. The same plan meets the same occasions with the same faults; how the operating system schedules
 * the processes is not a part of it.
 */

const Pattern = z.string().superRefine((source, context) => {
  try {
    new RegExp(source);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
});

/** Which occasions a rule is about; a pattern is a regular expression. */
const Occasions = z.strictObject({
  /** The process, `<project>/<label>`: `baton-nonprod/function train`. Of a delivery: the function that it is for. */
  who: Pattern.default(''),
  /** The API call (`google.pubsub.v1.Publisher/Publish`, `POST storage.googleapis.com/upload/…`), or the sender. */
  what: Pattern.default(''),
  /** Found in the request: its URL, its message, its body. */
  mentions: Pattern.optional(),
  /** Nothing matches until a function is handed a request in which this is found. */
  onceHanded: Pattern.optional(),
  /** The share of the matching occasions, from 0 to 1; else the `nth` of them and `times - 1` more. */
  share: z.number().min(0).max(1).optional(),
  nth: z.int().min(1).default(1),
  times: z.int().min(1).default(1),
});

const BeforeOrAfter = z.enum(['before', 'after']);
const ms = z.number().nonnegative();

/** A process calls an API. `before` is when the call is seen, `after` when it is served and not yet answered. */
const CallEffect = z.union([
  /** Answers so, and does nothing. */
  z.strictObject({
    refuse: z.enum(['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'ABORTED', 'INTERNAL', 'DEADLINE_EXCEEDED']),
  }),
  /** Does the work; the caller never learns of it. */
  z.strictObject({ lose: z.literal('answer') }),
  z.strictObject({ kill: BeforeOrAfter }),
  /** Asks the process to end (SIGTERM), as Cloud Run does ten seconds before it kills an instance. */
  z.strictObject({ terminate: BeforeOrAfter }),
  /** Stops the process (SIGSTOP) for some time; `before` holds the call back as long. */
  z.strictObject({ suspend: BeforeOrAfter, ms }),
]);

/** Pub/Sub, Eventarc or Cloud Scheduler (`what`) delivers to a function. */
const DeliveryEffect = z.union([
  /** So many further copies, each up to `withinMs` later. */
  z.strictObject({ duplicate: z.int().min(1), withinMs: ms.default(0) }),
  /** Later, so that others come first. */
  z.strictObject({ delayMs: ms }),
  /** Never arrives, and the sender believes it did: a signal lost. */
  z.strictObject({ drop: z.literal(true) }),
  /** Refused so by Cloud Run, and the function never sees it: its front end does not know the sender, or is overrun. */
  z.strictObject({ answer: z.literal([401, 403, 429, 503]) }),
]);

/** An instance of a function is killed: `before` it sees a request, `after` it answered and before the sender has its
 * answer, or when the sender has it (`answered`). */
const RequestEffect = z.strictObject({ kill: z.enum(['before', 'after', 'answered']) });

/**
 * A process starts, with a clock that is wrong by one of these (chosen by the seed), in milliseconds; or, with
 * `swingEveryMs`, by that and by its opposite in turn, so that it goes back again and again.
 */
const StartEffect = z.strictObject({
  skewMs: z.array(z.int()).min(1),
  swingEveryMs: z.int().min(1).optional(),
});

const rule = <At extends string, Effect extends z.ZodType>(at: At, effect: Effect) =>
  Occasions.extend({ at: z.literal(at), effect });

export const FaultPlan = z.strictObject({
  seed: z.int().nonnegative(),
  rules: z.array(
    z.discriminatedUnion('at', [
      rule('call', CallEffect),
      rule('delivery', DeliveryEffect),
      rule('request', RequestEffect),
      rule('start', StartEffect),
    ]),
  ),
});
export type FaultPlan = z.input<typeof FaultPlan>;

export type FaultRule = z.output<typeof FaultPlan>['rules'][number];
export type Boundary = FaultRule['at'];
export type EffectAt<At extends Boundary> = Extract<FaultRule, { at: At }>['effect'];
