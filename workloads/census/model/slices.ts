import { type Metrics, measure } from './metrics.ts';

/** How well the probabilities match the labels of the rows that have one value in one column. */
export interface Slice extends Pick<Metrics, 'rows' | 'positives' | 'accuracy' | 'logLoss'> {
  column: string;
  value: string;
  /** Null where all rows have the same label, on which no AUC is defined. */
  auc: number | null;
}

/** Measures the rows of each value of a column by themselves, in the order of the values. */
export function measureSlices(
  column: string,
  values: string[],
  labels: Uint8Array,
  probabilities: Float64Array,
): Slice[] {
  const rowsOf = Map.groupBy(values.keys(), (row) => values[row]);
  return [...rowsOf.keys()].sort().map((value) => {
    const rows = rowsOf.get(value) ?? [];
    const { positives, accuracy, auc, logLoss } = measure(
      Uint8Array.from(rows, (row) => labels[row]),
      Float64Array.from(rows, (row) => probabilities[row]),
    );
    const hasBoth = positives > 0 && positives < rows.length;
    return { column, value, rows: rows.length, positives, accuracy, auc: hasBoth ? auc : null, logLoss };
  });
}
