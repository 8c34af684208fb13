import type { CensusTable } from '../files/census-table.ts';
import { instanceAt } from '../files/census-table.ts';
import { trainEnsemble } from '../model/boosting.ts';
import { type Categories, Encoder, orderCategories } from '../model/encoding.ts';
import { CATEGORICAL, FEATURES } from '../model/features.ts';
import type { Hyperparameters } from '../model/hyperparameters.ts';
import { SavedModel } from '../model/saved-model.ts';

/**
 * Trains the census model on a table.
 *
 * @param onRound called with the number of trees so far and the training log loss (nats)
 */
export function trainCensus(
  table: CensusTable,
  hyperparameters: Hyperparameters,
  onRound?: (trees: number, logLoss: number) => void,
): SavedModel {
  const categories = Object.fromEntries(
    CATEGORICAL.map((column) => [column, orderCategories(table.categories[column], table.labels)]),
  ) as Categories;
  const columns = encodeColumns(table, new Encoder(categories));
  return new SavedModel(trainEnsemble(columns, table.labels, hyperparameters, onRound), categories);
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
