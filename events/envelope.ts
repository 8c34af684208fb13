import { z } from 'zod';
import { RunId } from './identifiers.ts';
import { Sequence } from './sequence.ts';

/** The kinds of principals in CloudEvents' authcontext extension. */
export const AuthType = z.enum([
  'app_user',
  'user',
  'service_account',
  'api_key',
  'system',
  'unauthenticated',
  'unknown',
]);
export type AuthType = z.infer<typeof AuthType>;

/**
 * The CloudEvents 1.0 envelope of every Baton event, in the structured JSON form in which the run folder keeps
 * it. Extension attributes follow the CloudEvents extensions of the same names: `correlationid` is the run,
 * `causationid` the event that caused this one, `traceparent` the W3C trace, `sequence` the order of the runs,
 * `authtype` and `authid` who started the run.
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
  /** What kind of principal started the run. A run of files that landed has none. */
  authtype: AuthType.optional(),
  /** Who that is, as an e-mail address where they have one. Informs, and proves nothing: the publisher says it. */
  authid: z.string().optional(),
  data: z.unknown(),
});
export type Envelope = z.infer<typeof Envelope>;

/** An envelope whose data has been parsed by its contract. */
export type BatonEvent<Data = unknown> = Envelope & { data: Data };

/** The name of the event that ends an attempt, which is its topic's too: an ending's id closes with it. */
export const endingName = (ending: Envelope): string => ending.id.slice(ending.id.lastIndexOf('/') + 1);

/** Who started a run, for the events of that run. */
export type Starter = Pick<Envelope, 'authtype' | 'authid'>;

/** The starter as an event tells of it, to be passed on to the event that it causes. */
export const starterOf = (event: Envelope | undefined): Starter => ({
  ...(event?.authtype && { authtype: event.authtype }),
  ...(event?.authid && { authid: event.authid }),
});
