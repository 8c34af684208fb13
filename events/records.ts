import { z } from 'zod';
import { Envelope } from './envelope.ts';
import { RunId } from './identifiers.ts';
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

/** `claim.json`: who works on an attempt of a stage, and until when others keep off. */
export const Claim = z.object({
  run: RunId,
  stage: StageName,
  attempt: z.number().int().min(1),
  /** The event that the attempt answers. */
  cause: z.object({ source: z.string(), id: z.string() }),
  owner: z.string(),
  claimedAt: z.iso.datetime(),
  leaseUntil: z.iso.datetime(),
  traceparent: z.string().optional(),
});
export type Claim = z.infer<typeof Claim>;

/** `operation.json`: a long operation that `settle` will finish. */
export const OperationRecord = z.object({
  run: RunId,
  stage: StageName,
  attempt: z.number().int().min(1),
  startedAt: z.iso.datetime(),
  /** The resource names of what runs: Dataflow job ids, a custom job, a long-running operation. */
  resources: z.array(z.string()),
  /** What the stage needs to carry on; its own schema parses it. */
  state: z.unknown(),
  /** The event that started the stage, whole: `settle` has no other input. */
  input: Envelope.optional(),
  traceparent: z.string().optional(),
});
export type OperationRecord = z.infer<typeof OperationRecord>;
