import { z } from 'zod';
import { Envelope } from './envelope.ts';
import { FailureCode } from './failure.ts';
import { RunId } from './identifiers.ts';
import { Sequence } from './sequence.ts';
import { StageName } from './stage.ts';

/** `run.json`: how the run began. Written once, by `prepare`. */
export const RunRecord = z.object({
  run: RunId,
  model: z.string(),
  drop: z.string(),
  bucket: z.string(),
  generations: z.object({ train: z.string().optional(), eval: z.string().optional() }),
  startedAt: z.iso.datetime(),
});
export type RunRecord = z.infer<typeof RunRecord>;

const attemptKey = { run: RunId, stage: StageName, attempt: z.number().int().min(1) };

/** Which attempt of which stage of which run; everything about it lies under the path of these three. */
export const AttemptKey = z.object(attemptKey);
export type AttemptKey = z.infer<typeof AttemptKey>;

const claim = {
  ...attemptKey,
  /** The event or storage notification that the attempt answers, and the delivery that came first. */
  cause: z.object({ source: z.string(), id: z.string(), deliveryId: z.string() }),
  /** The process that took the attempt. */
  owner: z.string(),
  claimedAt: z.iso.datetime(),
  /** For people: whether the lease has run out is judged by Cloud Storage's clock, not by a handler's. */
  leaseUntil: z.iso.datetime(),
  traceparent: z.string().optional(),
  sequence: Sequence.optional(),
  /** The event that the attempt answers, whole: what a replay sends again. A storage notification is none. */
  input: Envelope.optional(),
};

/**
 * `attempt.json`: one attempt of a stage, from its claim to its end, in one object. Its generation is the fence
 * token: whoever writes names the generation that they saw, so a writer that was overtaken changes nothing.
 */
export const AttemptRecord = z.object({
  ...claim,
  /** The long operation; filled in with the ending, and `settle` alone makes such an ending. */
  operation: z.object({ startedAt: z.iso.datetime(), resources: z.array(z.string()) }).optional(),
  /** The outbox: the event with which the attempt ended, written before it is published. */
  ending: Envelope.optional(),
  /** When a handler knew its ending published. `settle` takes the outstanding marker away instead. */
  publishedAt: z.iso.datetime().optional(),
});
export type AttemptRecord = z.infer<typeof AttemptRecord>;

/** `outstanding/…`: the marker of a long operation that has not ended, and all that `settle` needs to finish it. */
export const OperationRecord = z.object({
  ...claim,
  /** The generation of `attempt.json` under which the operation was started; `0` where there is none yet. */
  fence: z.string(),
  startedAt: z.iso.datetime(),
  /** The resource names of what runs: Dataflow jobs, a custom job, a long-running operation. */
  resources: z.array(z.string()),
  /** A sweep has nothing to look at before this moment. */
  due: z.iso.datetime().optional(),
  /** What the stage needs to carry on; its own schema parses it. */
  state: z.unknown(),
});
export type OperationRecord = z.infer<typeof OperationRecord>;

/** The marker's custom metadata: what a sweep needs of it, so that a page of the listing answers for 1,000. */
export const OperationSummary = z.object({
  fence: z.string(),
  /** The resource names, one a line; empty where they are more than metadata takes. */
  resources: z.string(),
  sequence: Sequence.optional(),
  due: z.iso.datetime().optional(),
});
export type OperationSummary = z.infer<typeof OperationSummary>;

/** `duplicates/<delivery>.json`: a delivery that found nothing left to do. */
export const DuplicateRecord = z.object({
  ...attemptKey,
  /** The CloudEvents id and source of the event that was delivered, or of the storage notification. */
  id: z.string(),
  source: z.string(),
  deliveryId: z.string(),
  /** The delivery that the attempt answers. */
  duplicateOf: z.string(),
  receivedAt: z.iso.datetime(),
});
export type DuplicateRecord = z.infer<typeof DuplicateRecord>;

/** `parked/<subscription>/<message>.json`: a message that no handler took, with its bytes as Pub/Sub pushed them. */
export const ParkedMessage = z.object({
  /** `projects/P/subscriptions/S`, or the short name where Pub/Sub gives no more. */
  subscription: z.string(),
  message: z.object({
    messageId: z.string(),
    /** Base64. */
    data: z.string().optional(),
    attributes: z.record(z.string(), z.string()),
    publishTime: z.string().optional(),
    orderingKey: z.string().optional(),
  }),
  code: FailureCode,
  reason: z.string(),
  advice: z.string(),
  /** How often the message was delivered before it was parked. */
  deliveries: z.number().int().optional(),
  /** The attempt that the message was for, where it can be told. */
  attempt: AttemptKey.optional(),
  parkedAt: z.iso.datetime(),
});
export type ParkedMessage = z.infer<typeof ParkedMessage>;

/** `replays/<attempt>.json`: who sent which events of a run again, and why. Written before they are published. */
export const ReplayRecord = z.object({
  /** `<run>/replay/<attempt>` */
  id: z.string(),
  run: RunId,
  /** The attempt that the replay makes: one more than the run has had. */
  attempt: z.number().int().min(2),
  from: StageName,
  reason: z.string().optional(),
  by: z.string(),
  at: z.iso.datetime(),
  /** The events as published again. */
  events: z.array(Envelope).min(1),
});
export type ReplayRecord = z.infer<typeof ReplayRecord>;
