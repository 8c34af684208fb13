import { describe, expect, it } from 'vitest';
import type { Metrics } from '../../events/index.ts';
import { compareWithChampion } from '../../handlers/champion-comparison.ts';

const CHAMPION: Metrics = { rows: 1000, accuracy: 0.9, auc: 0.95, logLoss: 0.2 };

describe('beside the champion', () => {
  it.each([
    ['as good', { accuracy: 0.9 }, true, "accuracy 0.9000 is as good as the champion's 0.9000"],
    ['better', { accuracy: 0.92 }, true, "accuracy 0.9200 is 0.0200 above the champion's 0.9000"],
    [
      'worse by less than the margin',
      { accuracy: 0.895 },
      true,
      "accuracy 0.8950 is 0.0050 below the champion's 0.9000",
    ],
    [
      'worse by exactly the margin',
      { accuracy: 0.89 },
      true,
      "accuracy 0.8900 is 0.0100 below the champion's 0.9000",
    ],
    [
      'worse by more',
      { accuracy: 0.88 },
      false,
      "accuracy 0.8800 is 0.0200 below the champion's 0.9000, and at most 0.01 is allowed",
    ],
    [
      'worse by next to nothing more',
      { accuracy: 0.88999 },
      false,
      "accuracy 0.8900 is 0.0100 below the champion's 0.9000, and at most 0.01 is allowed",
    ],
  ])('a model that is %s: passed is %s', (_how, metrics, passed, reason) => {
    const decided = compareWithChampion({ ...CHAMPION, ...metrics }, CHAMPION, { accuracy: 0.01 });
    expect(decided).toMatchObject({ decision: passed ? 'passed' : 'failed', reasons: [reason] });
    expect(decided.comparisons).toEqual([
      {
        ...{ kind: 'champion', metric: 'accuracy', value: metrics.accuracy, champion: 0.9, margin: 0.01 },
        ...{ threshold: 0.9 - 0.01, bound: 'at-least', passed },
      },
    ]);
  });

  it('less of logLoss is better', () => {
    const compare = (logLoss: number) =>
      compareWithChampion({ ...CHAMPION, logLoss }, CHAMPION, { logLoss: 0.05 });
    expect(compare(0.1).reasons).toEqual(["logLoss 0.1000 is 0.1000 below the champion's 0.2000"]);
    expect(compare(0.24).decision).toBe('passed');
    expect(compare(0.26)).toMatchObject({
      decision: 'failed',
      reasons: ["logLoss 0.2600 is 0.0600 above the champion's 0.2000, and at most 0.05 is allowed"],
      comparisons: [{ bound: 'at-most', threshold: 0.25 }],
    });
  });

  it('every metric has to hold, and one that was not reported does not', () => {
    const margins = { accuracy: 0.01, f1: 0.01 };
    const decided = compareWithChampion({ ...CHAMPION, f1: 0.7 }, CHAMPION, margins);
    expect(decided.decision).toBe('failed');
    expect(decided.comparisons.map(({ passed }) => passed)).toEqual([true, false]);
    expect(decided.reasons[1]).toContain('f1 was not reported of the champion');
  });

  it('no margins compare nothing', () => {
    expect(compareWithChampion(CHAMPION, CHAMPION, {})).toMatchObject({
      decision: 'passed',
      comparisons: [],
    });
  });
});
