import { describe, expect, it } from 'vitest';
import { GatePolicy, type Metrics, Metrics as MetricsSchema, type Slice } from '../../events/index.ts';
import { decideGate } from '../../handlers/gate.ts';

const metrics = { rows: 5000, accuracy: 0.81, auc: 0.63, logLoss: 2.8 };

const decide = (policy: object, figures: Metrics = metrics) => decideGate(figures, GatePolicy.parse(policy));

describe('the gate', () => {
  it('holds back a model that is accurate enough and ranks almost at random', () => {
    const { decision, reasons } = decide({ metrics: { accuracy: 0.8, auc: 0.85 } });
    expect(decision).toBe('failed');
    expect(reasons).toEqual(['accuracy 0.8100 is at least 0.8', 'auc 0.6300 is 0.2200 below 0.85']);
  });

  it('lets a metric that equals its threshold through', () => {
    expect(decide({ metrics: { accuracy: 0.81, logLoss: { atMost: 2.8 } } }).decision).toBe('passed');
  });

  it('takes a metric of which less is better, and says by how much it is too high', () => {
    const { reasons, comparisons } = decide({ metrics: { logLoss: { atMost: 0.5 }, auc: { atLeast: 0.6 } } });
    expect(reasons).toEqual(['logLoss 2.8000 is 2.3000 above 0.5', 'auc 0.6300 is at least 0.6']);
    expect(comparisons[0]).toMatchObject({
      kind: 'threshold',
      bound: 'at-most',
      threshold: 0.5,
      passed: false,
    });
  });

  it('says by how much a comparison failed also where that is next to nothing', () => {
    const { reasons } = decide({ metrics: { auc: 0.630001 } });
    expect(reasons).toEqual(['auc 0.6300 is 0.000001 below 0.630001']);
  });

  it('holds a model back whose evaluator did not report the metric, and makes up no number for it', () => {
    const { decision, reasons, comparisons } = decide({ metrics: { recall: 0.5 } });
    expect(decision).toBe('failed');
    expect(reasons).toEqual(['recall was not reported, and at least 0.5 is needed']);
    expect(comparisons[0].value).toBeNull();
  });

  it('holds a model back that too few rows were there to judge', () => {
    const { decision, reasons } = decide({ metrics: {}, minRows: 5001 });
    expect([decision, reasons]).toEqual(['failed', ['5000 rows are 1 fewer than the 5001 that are needed']]);
    expect(decide({ metrics: {}, minRows: 5000 }).reasons).toEqual(['5000 rows are at least 5000']);
  });

  it('refuses a policy of the shape of before, and names what it does not know', () => {
    expect(() => GatePolicy.parse({ accuracy: 0.8 })).toThrow(/Unrecognized key: .*accuracy/);
  });
});

describe('the gate on slices', () => {
  const slice = (
    column: string,
    value: string,
    rows: number,
    accuracy: number,
    auc: number | null = 0.9,
  ): Slice => ({
    ...{ column, value, rows, accuracy, auc, logLoss: 0.3 },
  });
  const slices = [
    slice('gender', 'Female', 2000, 0.93),
    slice('gender', 'Male', 3000, 0.82),
    slice('race', 'White', 4000, 0.86),
    slice('race', 'Black', 900, 0.9),
    slice('race', 'Other', 40, 0.2),
  ];
  const decideSlices = (policy: object, reported = slices) =>
    decide(
      {
        metrics: {},
        slices: { columns: ['gender'], metric: 'accuracy', maxGap: 0.2, minRows: 100, ...policy },
      },
      { ...metrics, slices: reported },
    );

  it('compares the highest with the lowest value of each column', () => {
    const { decision, reasons, comparisons } = decideSlices({ columns: ['gender', 'race'], maxGap: 0.1 });
    expect(decision).toBe('failed');
    expect(reasons).toEqual([
      'accuracy by gender differs by 0.1100 from 0.8200 (Male) to 0.9300 (Female), 0.0100 above 0.1',
      'accuracy by race differs by 0.0400 from 0.8600 (White) to 0.9000 (Black), at most 0.1',
    ]);
    expect(comparisons[0]).toMatchObject({
      ...{ kind: 'slice-gap', metric: 'accuracy', threshold: 0.1, bound: 'at-most', passed: false },
      slice: { column: 'gender', lowest: 'Male', highest: 'Female' },
    });
    expect(comparisons[0].value).toBeCloseTo(0.11, 12);
  });

  it('does not compare a value of few rows, which would fail', () => {
    expect(decideSlices({ columns: ['race'] }).decision).toBe('passed');
    expect(decideSlices({ columns: ['race'], minRows: 40 }).decision).toBe('failed');
  });

  it('does not compare a value whose rows all have one label by AUC', () => {
    const reported = [slice('gender', 'A', 500, 1, null), slice('gender', 'B', 500, 0.5, 0.4)];
    const { decision, reasons, comparisons } = decideSlices({ metric: 'auc' }, reported);
    expect(decision).toBe('passed');
    expect(reasons).toEqual(['auc by gender is not compared: fewer than two values have 100 rows and auc']);
    expect(comparisons[0]).not.toHaveProperty('slice');
  });

  it('holds a model back whose evaluator did not report the column', () => {
    const { decision, reasons } = decideSlices({ columns: ['age'] });
    expect(decision).toBe('failed');
    expect(reasons).toEqual(['accuracy by age was not reported, and a gap of at most 0.2 is needed']);
  });

  it('takes no figures of another shape for slices', () => {
    const { error } = MetricsSchema.safeParse({ ...metrics, slices: [{ column: 'gender', accuracy: 1 }] });
    expect(error?.issues.map(({ path }) => path.join('.'))).toContain('slices.0.value');
  });
});
