import { readFileSync } from 'node:fs';
import { z } from 'zod';

/**
 * The weights of a column's states, in their order, and last the weight of the rest: the states that too few people
 * share for a figure of their own. The next coarser distribution tells how the rest is spread over those states.
 */
const Weights = z.array(z.number().nonnegative());
export type Weights = z.infer<typeof Weights>;

/** What a column's states stand for: a value itself, or a bin of an integer column's values. */
const States = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('values'), values: z.array(z.string()) }),
  /** A bin whose values are common ones (40 hours a week): each value's weight, by label where enough people have it. */
  z.object({
    kind: z.literal('lumps'),
    bins: z.array(
      z.object({
        values: z.array(z.number().int()),
        overall: Weights,
        byLabel: z.array(Weights.nullable()),
      }),
    ),
  }),
  /** A bin whose values are all different: its quantiles, between which the values lie evenly. */
  z.object({ kind: z.literal('quantiles'), bins: z.array(z.array(z.number().int())) }),
]);

const Column = z.object({
  name: z.string(),
  type: z.enum(['INTEGER', 'STRING']),
  /** The column that this one depends on, beside the label. None at the root of the tree. */
  parent: z.string().nullable(),
  states: States,
  /** From fine to coarse. The last has no rest. */
  distributions: z.object({
    /** By the parent's state, then by the label. */
    byParentAndLabel: z.array(z.array(Weights.nullable())),
    byParent: z.array(Weights.nullable()),
    byLabel: z.array(Weights),
  }),
});
export type Column = z.infer<typeof Column>;

const CensusModel = z.object({
  /** The fewest people that any figure here stands for. */
  fewestPeople: z.number().int(),
  fittedRows: z.number().int(),
  label: z.object({ name: z.string(), values: z.array(z.string()), weights: Weights }),
  columns: z.array(Column),
});
/** A tree-augmented naive Bayes model of the census table: figures only, no rows. */
export type CensusModel = z.infer<typeof CensusModel>;

/** Reads the fitted model that is kept beside this file. */
export function loadCensusModel(): CensusModel {
  return CensusModel.parse(JSON.parse(readFileSync(new URL('./model.json', import.meta.url), 'utf8')));
}
