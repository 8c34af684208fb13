import { z } from 'zod';
import type { CensusTable } from '../files/census-table.ts';
import { instanceAt } from '../files/census-table.ts';
import { trainEnsemble } from '../model/boosting.ts';
import { ALONE, type Collective } from '../model/collective.ts';
import {
  type Categories,
  CategoryCounts,
  countCategories,
  Encoder,
  orderCategories,
} from '../model/encoding.ts';
import { CATEGORICAL, FEATURES } from '../model/features.ts';
import type { Hyperparameters } from '../model/hyperparameters.ts';
import { SavedModel } from '../model/saved-model.ts';

/**
 * Trains the census model on a table.
 *
 * @param table the whole of it or, of several replicas, this one's shard
 * @param onRound called with the number of trees so far and the training log loss (nats)
 */
export async function trainCensus(
  table: CensusTable,
  hyperparameters: Hyperparameters,
  onRound?: (trees: number, logLoss: number) => void,
  collective: Collective = ALONE,
): Promise<SavedModel> {
  const counts = CATEGORICAL.map((column) => countCategories(table.categories[column], table.labels));
  const shards = await collective.gather(z.array(CategoryCounts), counts);
  const categories = Object.fromEntries(
    CATEGORICAL.map((column, index) => [column, orderCategories(shards.map((shard) => shard[index]))]),
  ) as Categories;
  const columns = encodeColumns(table, new Encoder(categories));
  const ensemble = await trainEnsemble(columns, table.labels, hyperparameters, onRound, collective);
  return new SavedModel(ensemble, categories);
}

/** The table's rows, encoded as the endpoint encodes an instance, column by column. */
export function encodeColumns(table: CensusTable, encoder: Encoder): Float32Array[] {
  const columns = FEATURES.map(() => new Float32Array(table.rows));
  for (let row = 0; row < table.rows; row++) {
    encoder.encode(instanceAt(table, row)).forEach((value, column) => {
      columns[column][row] = value;
    });
  }
  return columns;
}
