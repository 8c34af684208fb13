import { z } from 'zod';
import type { Comparison, GateDecision, Metrics } from '../events/index.ts';

/**
 * The least value of each metric that lets a model through. Accuracy alone is no gate: a model that ranks almost
 * at random can still pass 0.80 where three rows of four have the same label.
 */
export const GateThresholds = z.record(z.string(), z.number());
export type GateThresholds = z.infer<typeof GateThresholds>;

/** Compares each metric with its threshold; every comparison must hold, and one of no metric does not. */
export function decideGate(metrics: Metrics, thresholds: GateThresholds): GateDecision {
  const comparisons = Object.entries(thresholds).map(([metric, threshold]): Comparison => {
    const value = Number(metrics[metric] ?? Number.NaN);
    return { metric, value: Number.isNaN(value) ? 0 : value, threshold, passed: value >= threshold };
  });
  return {
    decision: comparisons.every((comparison) => comparison.passed) ? 'passed' : 'failed',
    reasons: comparisons.map((comparison) => sentence(comparison, metrics)),
    comparisons,
  };
}

function sentence({ metric, value, threshold, passed }: Comparison, metrics: Metrics): string {
  if (metrics[metric] === undefined) return `${metric} was not reported, and at least ${threshold} is needed`;
  const shown = value.toFixed(4);
  return passed
    ? `${metric} ${shown} is at least ${threshold}`
    : `${metric} ${shown} is ${(threshold - value).toFixed(4)} below ${threshold}`;
}
