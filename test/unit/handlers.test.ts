import { describe, expect, it } from 'vitest';
import { ContractViolation } from '../../events/index.ts';
import { deployedModelIdOf, idleDeployments, splitWithNewcomer } from '../../handlers/endpoint.ts';
import { decideGate } from '../../handlers/gate.ts';
import { toStageFailure } from '../../handlers/runtime/failure.ts';
import { childTrace } from '../../handlers/runtime/trace.ts';

describe('the gate', () => {
  const metrics = { rows: 100, accuracy: 0.81, auc: 0.63, logLoss: 2.8 };

  it('holds back a model that is accurate enough and ranks almost at random', () => {
    const { decision, reasons } = decideGate(metrics, { accuracy: 0.8, auc: 0.85 });
    expect(decision).toBe('failed');
    expect(reasons).toEqual(['accuracy 0.8100 is at least 0.8', 'auc 0.6300 is 0.2200 below 0.85']);
  });

  it('lets a metric that equals its threshold through', () => {
    expect(decideGate(metrics, { accuracy: 0.81 }).decision).toBe('passed');
  });

  it('holds a model back whose evaluator did not report the metric', () => {
    const { decision, reasons } = decideGate(metrics, { recall: 0.5 });
    expect(decision).toBe('failed');
    expect(reasons[0]).toMatch(/recall was not reported/);
  });
});

describe('the traffic split', () => {
  it('gives the first model everything', () => {
    expect(splitWithNewcomer({}, 25)).toEqual({ 0: 100 });
  });

  it('gives a newcomer its share, and the rest to the one that serves most', () => {
    const endpoint = { trafficSplit: { 11: 25, 22: 75 } };
    expect(splitWithNewcomer(endpoint, 25)).toEqual({ 0: 25, 22: 75 });
  });

  it('names what serves nothing any more, but never the newcomer', () => {
    const deployedModels = [{ id: '11' }, { id: '22' }, { id: '33' }];
    const endpoint = { deployedModels, trafficSplit: { 22: 75, 33: 25 } };
    expect(idleDeployments(endpoint, '33')).toEqual(['11']);
    expect(idleDeployments({ deployedModels: [{ id: '33' }], trafficSplit: {} }, '33')).toEqual([]);
  });

  it("derives a deployed model's id from run and attempt, in ten digits", () => {
    expect(deployedModelIdOf({ run: 'census-1', attempt: 1 })).toMatch(/^[1-9]\d{9}$/);
    expect(deployedModelIdOf({ run: 'census-1', attempt: 1 })).toBe(
      deployedModelIdOf({ run: 'census-1', attempt: 1 }),
    );
    expect(deployedModelIdOf({ run: 'census-1', attempt: 1 })).not.toBe(
      deployedModelIdOf({ run: 'census-1', attempt: 2 }),
    );
  });
});

describe('an error', () => {
  it.each([
    [{ code: 7, message: 'denied' }, 'park', 'BATON_PERMISSION_DENIED'],
    [{ code: 403, message: 'denied' }, 'park', 'BATON_PERMISSION_DENIED'],
    [{ code: 3, message: 'invalid' }, 'park', 'BATON_PRECONDITION'],
    [{ code: 14, message: 'unavailable' }, 'retry', 'BATON_UNAVAILABLE'],
    [{ code: 429, message: 'slow down' }, 'retry', 'BATON_UNAVAILABLE'],
    [{ code: 'ECONNRESET', message: 'reset' }, 'retry', 'BATON_UNAVAILABLE'],
    [{ message: 'a bug' }, 'retry', 'BATON_UNAVAILABLE'],
  ])('%j is a case to %s', (fields, outcome, code) => {
    const failure = toStageFailure(Object.assign(new Error(fields.message), fields));
    expect([failure.outcome, failure.code]).toEqual([outcome, code]);
  });

  it('of a contract is parked with its text', () => {
    const failure = toStageFailure(new ContractViolation('event 1 is malformed'));
    expect([failure.code, failure.message]).toEqual(['BATON_EVENT_MALFORMED', 'event 1 is malformed']);
  });
});

describe('the trace', () => {
  it('continues the trace of the event with a span of its own', () => {
    const parent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    expect(childTrace('run-1', parent)).toMatch(/^00-a{32}-(?!b{16})[0-9a-f]{16}-01$/);
  });

  it('is the same for everything a run does, where the event brings none', () => {
    const trace = (text: string) => text.split('-')[1];
    expect(trace(childTrace('run-1'))).toBe(trace(childTrace('run-1', 'nonsense')));
    expect(trace(childTrace('run-1'))).not.toBe(trace(childTrace('run-2')));
  });
});
