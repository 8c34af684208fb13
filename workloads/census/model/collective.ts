import type { z } from 'zod';

/**
 * What the replicas of one training do together. Every replica makes the same calls in the same order, and every
 * replica gets the same answers, bit for bit: that is what lets each of them choose the same splits.
 */
export interface Collective {
  /** This replica's place, from 0; the first one is the chief. */
  readonly rank: number;
  /** Adds up the arrays of all replicas, place by place, in place. They must be of one length. */
  sum(values: Float64Array): Promise<void>;
  /** Every replica's value by rank. It must survive JSON; the schema reads what the others sent. */
  gather<Schema extends z.ZodType>(schema: Schema, value: z.output<Schema>): Promise<z.output<Schema>[]>;
}

/** A training of one replica. */
export const ALONE: Collective = {
  rank: 0,
  sum: async () => {},
  gather: async (_schema, value) => [value],
};
