import { describe, expect, it } from 'vitest';
import { DecisionRequest, Promoted } from '../../events/index.ts';
import type { ModelView, VersionView } from '../../ops/models/registry.ts';
import { planRollback, requestOf, servingVersion } from '../../ops/models/rollback-plan.ts';
import { attemptOf, event, NOW, RUN, runOf } from './run-views.ts';

const version = (number: number, rest: Partial<VersionView> = {}): VersionView => ({
  ...{ version: String(number), aliases: [], run: RUN, createdAt: NOW.toISOString() },
  ...rest,
});
const deployed = (number: number, share: number, ...aliases: string[]) =>
  version(number, { aliases, share, deployedModelId: `${number}${number}` });
const modelOf = (...versions: VersionView[]): ModelView => ({
  model: 'projects/p/locations/l/models/census',
  endpoint: 'projects/p/locations/l/endpoints/census',
  versions,
});

const inFlight = modelOf(deployed(3, 25, 'challenger'), deployed(2, 75, 'champion'), version(1));
const alone = modelOf(version(3), deployed(2, 100, 'champion'), version(1));
const soaking = runOf([attemptOf('rollout', { state: 'waiting' })]);
const promoted = runOf([
  attemptOf('rollout', { event: event(Promoted, 'rollout', { data: promotion('1') }) }),
]);

function promotion(previous: string) {
  return {
    ...{ model: { name: 'census', version: '2' }, alias: 'champion', previous, endpoint: 'e' },
    ...{ deployedModelId: '22', trafficSplit: { 22: 100 } },
  };
}

const plan = (model: ModelView, to: string, view = soaking) =>
  planRollback(model, view, { to, reason: 'bad' });
const versions = ({ from, to }: ReturnType<typeof plan>) => `${from.version} → ${to.version}`;

describe('the version that goes', () => {
  it('is the one that is being rolled out, or else the champion', () => {
    expect(servingVersion(inFlight).version).toBe('3');
    expect(servingVersion(alone).version).toBe('2');
  });

  it('is the one that serves most, where nobody gave an alias', () => {
    expect(servingVersion(modelOf(deployed(2, 40), deployed(1, 60))).version).toBe('1');
  });

  it('has to serve, and to be of a run', () => {
    expect(() => servingVersion(modelOf(version(1)))).toThrow(/nothing serves at .*endpoints\/census/);
    expect(() => servingVersion(modelOf({ ...deployed(1, 100), run: undefined }))).toThrow(/of no run/);
  });
});

describe('the version that comes back', () => {
  it('is by `previous` the champion while a version is rolled out, and what its promotion names afterwards', () => {
    expect(versions(plan(inFlight, 'previous'))).toBe('3 → 2');
    expect(versions(plan(alone, 'previous', promoted))).toBe('2 → 1');
  });

  it('is any other version', () => {
    expect(versions(plan(inFlight, '1'))).toBe('3 → 1');
    expect(plan(inFlight, '1').undeployed).toEqual(['3', '2']);
  });

  it('is not the one that serves, nor one that there is not', () => {
    expect(() => plan(alone, '2')).toThrow('version 2 is the one that serves');
    expect(() => plan(alone, '9')).toThrow(/no version 9; there are 3, 2, 1/);
    expect(() => plan(alone, 'previous')).toThrow(/give --to VERSION/);
  });
});

describe('the request', () => {
  it('is of the next attempt of the run, once the last rollback has ended', () => {
    const rollback = attemptOf('rollback', { attempt: 4, state: 'waiting' });
    const ended = { ...rollback, event: event(Promoted, 'rollback') };
    expect(plan(inFlight, '2', runOf([...soaking.stages, rollback])).attempt).toBe(4);
    expect(plan(inFlight, '2', runOf([...soaking.stages, ended])).attempt).toBe(5);
  });

  it('is the same by whichever name the version goes, and says what the person was shown', () => {
    const request = requestOf(plan(inFlight, '2'));
    expect(requestOf(plan(inFlight, 'previous'))).toEqual(request);
    expect(request).toEqual({ kind: 'rollback', run: RUN, attempt: 2, from: '3', to: '2', reason: 'bad' });
    expect(DecisionRequest.parse(request)).toEqual(request);
  });
});
