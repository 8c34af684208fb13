import type { Warehouse } from '../../boundaries.ts';
import type { Frequencies, Histogram } from './distances.ts';

/** Equal-width buckets between a feature's smallest and largest value, as TensorFlow Data Validation makes them. */
export const HISTOGRAM_BUCKETS = 10;

export type FeatureKind = 'numeric' | 'categorical';

/** Where a feature's values come from, as a GoogleSQL query of one column `value`, a STRING or a number. */
export interface FeatureSource {
  /** Whose BigQuery job it is. */
  project: string;
  sql: string;
}

/** How a feature is distributed in a training table or in a window of predictions. Missing values are left out. */
export type Distribution = { count: number; missing: number } & (
  | { kind: 'numeric'; histogram: Histogram; mean: number; standardDeviation: number; zeros: number }
  | { kind: 'categorical'; frequencies: Frequencies }
);

/** A feature's distribution; `undefined` where no row has a value. */
export async function distributionOf(
  warehouse: Warehouse,
  source: FeatureSource,
  kind: FeatureKind,
): Promise<Distribution | undefined> {
  return kind === 'numeric' ? numeric(warehouse, source) : categorical(warehouse, source);
}

async function numeric(
  warehouse: Warehouse,
  { project, sql }: FeatureSource,
): Promise<Distribution | undefined> {
  const values = `SELECT SAFE_CAST(value AS FLOAT64) AS x FROM (${sql})`;
  const [row] = await warehouse.query(
    project,
    `SELECT COUNT(x) AS present, COUNTIF(x IS NULL) AS missing, MIN(x) AS low, MAX(x) AS high, AVG(x) AS mean,
       STDDEV_POP(x) AS deviation, COUNTIF(x = 0) AS zeros FROM (${values})`,
  );
  const summary = numbers(row);
  if (summary.present === 0) return undefined;
  const { low, high } = summary;
  const width = (high - low) / HISTOGRAM_BUCKETS;
  const buckets = width > 0 ? HISTOGRAM_BUCKETS : 1;
  const bucket =
    width > 0 ? `LEAST(${HISTOGRAM_BUCKETS - 1}, FLOOR((x - ${literal(low)}) / ${literal(width)}))` : '0';
  const rows = await warehouse.query(
    project,
    `SELECT ${bucket} AS bucket, COUNT(*) AS n FROM (${values}) WHERE x IS NOT NULL GROUP BY bucket`,
  );
  const counts = new Array<number>(buckets).fill(0);
  for (const { bucket: index, n } of rows.map(numbers)) counts[index] = n;
  return {
    kind: 'numeric',
    count: summary.present,
    missing: summary.missing,
    mean: summary.mean,
    standardDeviation: summary.deviation,
    zeros: summary.zeros,
    histogram: { edges: edgesOf(low, high, buckets), counts },
  };
}

async function categorical(
  warehouse: Warehouse,
  { project, sql }: FeatureSource,
): Promise<Distribution | undefined> {
  const rows = await warehouse.query(
    project,
    `SELECT CAST(value AS STRING) AS category, COUNT(*) AS n FROM (${sql}) GROUP BY category`,
  );
  const counted = rows.map(({ category, n }) => [category, Number(n)] as const);
  const frequencies = new Map(counted.flatMap(([value, n]) => (value === null ? [] : [[String(value), n]])));
  const missing = counted.find(([value]) => value === null)?.[1] ?? 0;
  const count = [...frequencies.values()].reduce((total, n) => total + n, 0);
  return count > 0 ? { kind: 'categorical', count, missing, frequencies } : undefined;
}

/** The edges of so many equally wide buckets; the last is the largest value itself, whatever rounding says. */
export function edgesOf(low: number, high: number, buckets: number): number[] {
  const width = (high - low) / buckets;
  return [...Array.from({ length: buckets }, (_, i) => low + i * width), high];
}

const numbers = (row: Record<string, unknown>): Record<string, number> =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)]));

/** A FLOAT64 literal, which an integer would not be. */
const literal = (value: number) => `CAST('${value}' AS FLOAT64)`;
