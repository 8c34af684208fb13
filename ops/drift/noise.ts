import {
  type Histogram,
  jensenShannonDivergence,
  lInfinityDistance,
} from '../../local/vertex/model-monitoring/distances.ts';
import { edgesOf, HISTOGRAM_BUCKETS } from '../../local/vertex/model-monitoring/distributions.ts';
import type { Row } from './table.ts';

/** How far apart windows of one and the same population are, by a feature and a statistic. */
export interface Noise {
  feature: string;
  statistic: 'skew' | 'drift';
  /** The distances of all drawn windows, rising. */
  distances: number[];
}

/** A feature's values with a way to measure windows of them; a window is a list of row numbers. */
interface Column {
  distance(left: Uint32Array | undefined, right: Uint32Array): number;
}

/**
 * Draws windows of so many rows, with replacement, out of both tables at once, and measures each as monitoring
 * would: against the training table, and against another such window.
 */
export function noiseOf(
  tables: { train: Row[]; eval: Row[] },
  options: { features: string[]; rows: number; windows: number; seed: number },
): Noise[] {
  const population = [...tables.train, ...tables.eval];
  const random = randomFrom(options.seed);
  const columns = options.features.map((name) => columnOf(population, tables.train.length, name));
  const distances = columns.map(() => ({
    skew: new Float64Array(options.windows),
    drift: new Float64Array(options.windows),
  }));
  const draw = () => Uint32Array.from({ length: options.rows }, () => random() * population.length);
  for (let i = 0; i < options.windows; i++) {
    const [before, now] = [draw(), draw()];
    for (const [index, column] of columns.entries()) {
      distances[index].skew[i] = column.distance(undefined, now);
      distances[index].drift[i] = column.distance(before, now);
    }
  }
  return options.features.flatMap((feature, index) =>
    (['skew', 'drift'] as const).map((statistic) => ({
      feature,
      statistic,
      distances: [...distances[index][statistic].sort()],
    })),
  );
}

/** What the training table's own eval table is away from it. */
export function distanceOfEval(tables: { train: Row[]; eval: Row[] }, feature: string): number {
  const population = [...tables.train, ...tables.eval];
  const { length } = tables.train;
  const rows = Uint32Array.from(tables.eval, (_, i) => length + i);
  return columnOf(population, length, feature).distance(undefined, rows);
}

/** @param trainRows how many rows of the population, from its first, are the training table's */
function columnOf(population: Row[], trainRows: number, name: string): Column {
  const values = population.map(({ [name]: value }) => value ?? null);
  const train = Uint32Array.from({ length: trainRows }, (_, i) => i);
  if (values.every((value) => value === null || typeof value === 'number')) {
    const numbers = Float64Array.from(values, (value) => value ?? Number.NaN);
    const baseline = histogramOf(numbers, train);
    return {
      distance: (left, right) =>
        jensenShannonDivergence(left ? histogramOf(numbers, left) : baseline, histogramOf(numbers, right)),
    };
  }
  const baseline = frequenciesOf(values, train);
  return {
    distance: (left, right) =>
      lInfinityDistance(left ? frequenciesOf(values, left) : baseline, frequenciesOf(values, right)),
  };
}

/** As the local Vertex AI's SQL makes it (local/vertex/model-monitoring/distributions.ts). */
function histogramOf(numbers: Float64Array, rows: Uint32Array): Histogram {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const row of rows) {
    const value = numbers[row];
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const buckets = high > low ? HISTOGRAM_BUCKETS : 1;
  const counts = new Array<number>(buckets).fill(0);
  const perUnit = high > low ? buckets / (high - low) : 0;
  for (const row of rows) {
    const value = numbers[row];
    if (!Number.isNaN(value)) counts[Math.min(buckets - 1, Math.floor((value - low) * perUnit))]++;
  }
  return { edges: edgesOf(low, high, buckets), counts };
}

function frequenciesOf(values: (string | number | null)[], rows: Uint32Array): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const value = values[row];
    if (value !== null) counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
  }
  return counts;
}

/** Numbers from 0 to below 1 that follow from the seed (the generator known as mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
