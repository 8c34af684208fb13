import { z } from 'zod';
import { type Envelope, endingName } from './envelope.ts';
import type { AttemptRecord } from './records.ts';

/**
 * What became of a received event. `duplicate` is told by the attempt's `duplicates/` folder, and `parked` also by
 * `parked/`, for messages that ended no attempt; the others by the attempt's record.
 */
export const Disposition = z.enum(['done', 'waiting', 'duplicate', 'parked', 'refused', 'superseded']);
export type Disposition = z.infer<typeof Disposition>;

/** The disposition of the event that an attempt answers. */
export function dispositionOf({ ending }: Pick<AttemptRecord, 'ending'>): Exclude<Disposition, 'duplicate'> {
  return ending ? dispositionOfEnding(ending) : 'waiting';
}

function dispositionOfEnding(ending: Envelope): 'done' | 'parked' | 'refused' | 'superseded' {
  const name = endingName(ending);
  return name === 'parked' || name === 'refused' || name === 'superseded' ? name : 'done';
}
