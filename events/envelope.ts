import { z } from 'zod';
import { RunId } from './identifiers.ts';
import { Sequence } from './sequence.ts';

/**
 * The CloudEvents 1.0 envelope of every Baton event, in the structured JSON form in which the run folder keeps
 * it. Extension attributes follow the CloudEvents extensions of the same names: `correlationid` is the run,
 * `causationid` the event that caused this one, `traceparent` the W3C trace, `sequence` the order of the runs.
 */
export const Envelope = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1),
  source: z.string().min(1),
  type: z.string().min(1),
  time: z.iso.datetime(),
  subject: z.string().optional(),
  datacontenttype: z.literal('application/json'),
  dataschema: z.string().optional(),
  correlationid: RunId,
  causationid: z.string().optional(),
  traceparent: z.string().optional(),
  /** The attempt this event belongs to: 1, or more after a replay. */
  attempt: z.coerce.number().int().min(1),
  /** The event that a replay sends again. */
  replayof: z.string().optional(),
  /** Where the run stands among the runs of its model. Events of before there was one have none. */
  sequence: Sequence.optional(),
  data: z.unknown(),
});
export type Envelope = z.infer<typeof Envelope>;

/** An envelope whose data has been parsed by its contract. */
export type BatonEvent<Data = unknown> = Envelope & { data: Data };

/** The name of the event that ends an attempt, which is its topic's too: an ending's id closes with it. */
export const endingName = (ending: Envelope): string => ending.id.slice(ending.id.lastIndexOf('/') + 1);
