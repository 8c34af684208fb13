import type { z } from 'zod';
import type { BatonEvent, Envelope } from './envelope.ts';
import type { EventName } from './topics.ts';

/** What a topic promises its subscribers: the event's CloudEvents type and the shape of its data. */
export interface EventContract<Data> {
  name: EventName;
  /** Reverse-DNS with a major version, as CloudEvents recommends; a breaking change is a new type. */
  type: string;
  /** What happened, and which stage says so. */
  description: string;
  data: z.ZodType<Data>;
}

/** Raised when an event does not keep its contract. Says where, what was found and what was expected. */
export class ContractViolation extends Error {
  override readonly name = 'ContractViolation';
}

export function defineEvent<Data>(contract: EventContract<Data>): EventContract<Data> {
  return contract;
}

/**
 * Parses an envelope's data by its contract.
 *
 * @throws ContractViolation when the type is another one or the data does not fit
 */
export function parseEvent<Data>(contract: EventContract<Data>, envelope: Envelope): BatonEvent<Data> {
  if (envelope.type !== contract.type) {
    throw new ContractViolation(
      `event ${envelope.id} has type ${envelope.type}, where ${contract.type} (${contract.name}) was expected`,
    );
  }
  const parsed = contract.data.safeParse(envelope.data);
  if (!parsed.success) {
    const places = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'data'}: ${issue.message}`);
    throw new ContractViolation(`event ${envelope.id} (${contract.name}) is malformed: ${places.join('; ')}`);
  }
  return { ...envelope, data: parsed.data };
}
