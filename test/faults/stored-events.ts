import { readdirSync, readFileSync } from 'node:fs';
import { Envelope } from '../../events/index.ts';

const BEFORE = new URL('fixtures/events-before/', import.meta.url);

/** The events that the version before has stored, by their names. */
export const EVENTS_BEFORE: ReadonlyMap<string, Envelope> = new Map(
  readdirSync(BEFORE)
    .filter((file) => file.endsWith('.json'))
    .map((file) => [
      file.replace('.json', ''),
      Envelope.parse(JSON.parse(readFileSync(new URL(file, BEFORE), 'utf8'))),
    ]),
);

/** An event as the version before would have written it: of a present one what a stored one has, and no more. */
export function asBefore<Value>(present: Value, stored: unknown): Value {
  if (Array.isArray(present)) {
    const [like] = Array.isArray(stored) ? stored : [];
    return present.map((item) => asBefore(item, like)) as Value;
  }
  if (!isObject(present) || !isObject(stored)) return present;
  const known = Object.entries(present).filter(([key]) => key in stored);
  // Keys that are data, such as ids, are others in each.
  if (known.length === 0) return present;
  return Object.fromEntries(known.map(([key, value]) => [key, asBefore(value, stored[key])])) as Value;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
