import type { Bound, Comparison, GateDecision, GatePolicy, Metrics, Slice } from '../events/index.ts';

/** A comparison, and the sentence that says it to people. */
export interface Judgement {
  comparison: Comparison;
  reason: string;
}

/** Whether every comparison holds. One that could not be made, since its figure is missing, does not. */
export function decisionOf(judgements: Judgement[]): GateDecision {
  return {
    decision: judgements.every(({ comparison }) => comparison.passed) ? 'passed' : 'failed',
    reasons: judgements.map(({ reason }) => reason),
    comparisons: judgements.map(({ comparison }) => comparison),
  };
}

/** Decides all that can be decided of a model by itself: its metrics, its slices, and how many rows told. */
export function decideGate(metrics: Metrics, { metrics: bounds, minRows, slices }: GatePolicy): GateDecision {
  return decisionOf([
    ...Object.entries(bounds).map(([metric, bound]) => judgeMetric(metrics, metric, bound)),
    ...(minRows > 0 ? [judgeRows(metrics.rows, minRows)] : []),
    ...(slices?.columns.map((column) => judgeSlices(metrics.slices ?? [], column, slices)) ?? []),
  ]);
}

function judgeMetric(metrics: Metrics, metric: string, bounded: Bound): Judgement {
  const isLeast = 'atLeast' in bounded;
  const [bound, threshold] = isLeast
    ? (['at-least', bounded.atLeast] as const)
    : (['at-most', bounded.atMost] as const);
  const needed = `${isLeast ? 'at least' : 'at most'} ${threshold}`;
  const value = figureOf(metrics, metric);
  if (value === null) {
    const comparison: Comparison = { kind: 'threshold', metric, value, threshold, bound, passed: false };
    return { comparison, reason: `${metric} was not reported, and ${needed} is needed` };
  }
  const passed = isLeast ? value >= threshold : value <= threshold;
  const missedBy = `${amount(Math.abs(value - threshold))} ${isLeast ? 'below' : 'above'} ${threshold}`;
  return {
    comparison: { kind: 'threshold', metric, value, threshold, bound, passed },
    reason: `${metric} ${value.toFixed(4)} is ${passed ? needed : missedBy}`,
  };
}

function judgeRows(rows: number, least: number): Judgement {
  const passed = rows >= least;
  return {
    comparison: { kind: 'rows', metric: 'rows', value: rows, threshold: least, bound: 'at-least', passed },
    reason: passed
      ? `${rows} rows are at least ${least}`
      : `${rows} rows are ${least - rows} fewer than the ${least} that are needed`,
  };
}

/**
 * Compares the values of a column by the difference between the highest and the lowest metric among them. A value of
 * few rows, or one for which the metric means nothing, is reported and not compared.
 */
function judgeSlices(
  slices: Slice[],
  column: string,
  { metric, maxGap, minRows }: NonNullable<GatePolicy['slices']>,
): Judgement {
  const judged = (value: number | null, passed: boolean, slice?: Comparison['slice']): Comparison => ({
    ...({ kind: 'slice-gap', metric, value, threshold: maxGap, bound: 'at-most', passed } as const),
    ...(slice && { slice }),
  });
  const ofColumn = slices.filter((slice) => slice.column === column);
  if (ofColumn.length === 0) {
    const reason = `${metric} by ${column} was not reported, and a gap of at most ${maxGap} is needed`;
    return { comparison: judged(null, false), reason };
  }
  const compared = ofColumn
    .filter(({ rows }) => rows >= minRows)
    .flatMap((slice) => {
      const figure = figureOf(slice, metric);
      return figure === null ? [] : [{ value: slice.value, figure }];
    })
    .sort((left, right) => left.figure - right.figure);
  const [lowest, highest] = [compared[0], compared.at(-1)];
  if (compared.length < 2 || !lowest || !highest) {
    const reason = `${metric} by ${column} is not compared: fewer than two values have ${minRows} rows and ${metric}`;
    return { comparison: judged(0, true), reason };
  }
  const gap = highest.figure - lowest.figure;
  const passed = gap <= maxGap;
  const range = `from ${lowest.figure.toFixed(4)} (${lowest.value}) to ${highest.figure.toFixed(4)} (${highest.value})`;
  return {
    comparison: judged(gap, passed, { column, lowest: lowest.value, highest: highest.value }),
    reason: `${metric} by ${column} differs by ${gap.toFixed(4)} ${range}, ${passed ? `at most ${maxGap}` : `${amount(gap - maxGap)} above ${maxGap}`}`,
  };
}

/** A figure by its name; null where it is not there, or not a number. */
export const figureOf = (figures: Record<string, unknown>, metric: string): number | null =>
  typeof figures[metric] === 'number' ? figures[metric] : null;

/** By how much a comparison failed, however little that is. */
export const amount = (difference: number): string =>
  difference < 0.0001 ? difference.toPrecision(1) : difference.toFixed(4);
