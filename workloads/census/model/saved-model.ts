import { z } from 'zod';
import type { Ensemble } from './boosting.ts';
import { type Categories, Encoder } from './encoding.ts';
import { CATEGORICAL, FEATURES, type Instance, POSITIVE } from './features.ts';
import type { Hyperparameters } from './hyperparameters.ts';
import { Scorer } from './scorer.ts';

/** Where the trained model lies in the model folder. */
export const MODEL_FILE = 'model.json';

const FORMAT = 'baton-census-gradient-boosting/1';

/** Every walk down the tree ends: a child lies behind its parent and a feature exists. */
const TreeSchema = z
  .object({
    feature: z.array(
      z
        .int()
        .min(0)
        .max(FEATURES.length - 1),
    ),
    threshold: z.array(z.number()),
    left: z.array(z.int()),
    right: z.array(z.int()),
    value: z.array(z.number()),
  })
  .refine(({ feature, threshold, left, right, value }) => {
    const nodes = feature.length;
    const isChild = (child: number, node: number) => child > node && child < nodes;
    return (
      nodes > 0 &&
      [threshold, left, right, value].every((column) => column.length === nodes) &&
      left.every((child, node) => (child === -1 ? right[node] === -1 : isChild(child, node))) &&
      right.every((child, node) => (child === -1 ? left[node] === -1 : isChild(child, node)))
    );
  }, 'not a tree: each node needs two later nodes as children, or none');

const SavedModelSchema = z.object({
  format: z.literal(FORMAT),
  features: z.tuple(FEATURES.map((name) => z.literal(name)) as [z.ZodLiteral, ...z.ZodLiteral[]]),
  positive: z.literal(POSITIVE),
  categories: z.record(z.enum(CATEGORICAL), z.array(z.string())),
  base: z.number(),
  trees: z.array(TreeSchema),
});

/** A model ready to predict: what was trained, and how instances become its inputs. */
export class SavedModel {
  readonly ensemble: Ensemble;
  readonly categories: Categories;
  readonly #encoder: Encoder;
  readonly #scorer: Scorer;

  constructor(ensemble: Ensemble, categories: Categories) {
    this.ensemble = ensemble;
    this.categories = categories;
    this.#encoder = new Encoder(categories);
    this.#scorer = new Scorer(ensemble);
  }

  /**
   * Reads `model.json`.
   *
   * @throws SyntaxError when the text isn't JSON, ZodError when it isn't a model of this format
   */
  static parse(text: string): SavedModel {
    const { base, trees, categories } = SavedModelSchema.parse(JSON.parse(text));
    return new SavedModel({ base, trees }, categories);
  }

  /** Writes `model.json`: every number survives, so a parsed model predicts bit for bit what this one does. */
  serialize(hyperparameters: Hyperparameters): string {
    const { base, trees } = this.ensemble;
    const { categories } = this;
    return JSON.stringify({
      format: FORMAT,
      features: FEATURES,
      positive: POSITIVE,
      hyperparameters,
      categories,
      base,
      trees,
    });
  }

  /** The probability that the instance's label is `>50K`. */
  predict(instance: Instance): number {
    return this.#scorer.predict(this.#encoder.encode(instance));
  }
}
