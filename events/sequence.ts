import { z } from 'zod';

/**
 * CloudEvents' `sequence` of every event of a run: the larger object generation of its drop, in 20 digits, so that
 * strings compare as numbers do. Cloud Storage numbers the generations of a bucket upwards, and so this orders the
 * runs of a model by what caused them, whatever the handlers' clocks say.
 */
export const Sequence = z
  .string()
  .regex(/^\d{20}$/, 'expected 20 digits')
  .brand<'Sequence'>();
export type Sequence = z.infer<typeof Sequence>;

/** The sequence of a drop; the generations of files that never came are `undefined`. */
export function sequenceOf(generations: { train?: string; eval?: string }): Sequence {
  const padded = [generations.train, generations.eval].map((generation) =>
    (generation ?? '').padStart(20, '0'),
  );
  return Sequence.parse(padded.sort()[1]);
}
