import type { ChampionMargin, Comparison, GateDecision, Metrics } from '../events/index.ts';
import { amount, decisionOf, figureOf, type Judgement } from './gate.ts';

/** Of the evaluator's own figures, those of which less is better. */
const LESS_IS_BETTER = new Set(['logLoss']);

/** Differences as small as this come of how numbers are kept, not of models. */
const ROUNDING = 1e-9;

/** Whether a model is worse than the champion by more than the margins allow; both figures are of the same rows. */
export function compareWithChampion(
  metrics: Metrics,
  champion: Metrics,
  margins: ChampionMargin,
): GateDecision {
  return decisionOf(
    Object.entries(margins).map(([metric, margin]) =>
      judge(metric, figureOf(metrics, metric), figureOf(champion, metric), margin),
    ),
  );
}

function judge(metric: string, value: number | null, champion: number | null, margin: number): Judgement {
  const isLess = LESS_IS_BETTER.has(metric);
  const bound = isLess ? 'at-most' : 'at-least';
  if (value === null || champion === null) {
    const whose = value === null ? 'the model' : 'the champion';
    return {
      comparison: { ...{ kind: 'champion', metric, value, bound, margin }, threshold: 0, passed: false },
      reason: `${metric} was not reported of ${whose}, and so can't be compared`,
    };
  }
  const worseBy = isLess ? value - champion : champion - value;
  const passed = worseBy <= margin + ROUNDING;
  const threshold = isLess ? champion + margin : champion - margin;
  const comparison: Comparison = {
    ...{ kind: 'champion', metric, value, threshold, bound, passed, champion, margin },
  };
  return {
    comparison,
    reason: `${metric} ${value.toFixed(4)} is ${beside(champion, worseBy, isLess)}${
      passed ? '' : `, and at most ${margin} is allowed`
    }`,
  };
}

function beside(champion: number, worseBy: number, isLess: boolean): string {
  const figure = `the champion's ${champion.toFixed(4)}`;
  if (Math.abs(worseBy) <= ROUNDING) return `as good as ${figure}`;
  const isAbove = worseBy > 0 === isLess;
  return `${amount(Math.abs(worseBy))} ${isAbove ? 'above' : 'below'} ${figure}`;
}
