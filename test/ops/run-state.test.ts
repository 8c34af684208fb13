import { describe, expect, it } from 'vitest';
import type { StageName } from '../../events/index.ts';
import { isMoot, latestOf, stateOf } from '../../ops/runs/run-state.ts';
import type { StageView } from '../../ops/runs/run-view.ts';
import { attemptOf, NOW } from './run-views.ts';

const progress = { share: 25, soaksUntil: NOW.toISOString(), next: 50 };
const attempt = (stage: StageName, state: StageView['state'], rest: Partial<StageView> = {}) =>
  attemptOf(stage, { state, ...rest });
const soaking = attempt('rollout', 'waiting', { progress });
const done = (...stages: StageName[]) => stages.map((stage) => attempt(stage, 'completed'));

/** Where the run has come to, and its state. */
function standing(stages: StageView[]): string {
  const telling = stages.filter((stage) => !isMoot(stage));
  const latest = latestOf(telling, Math.max(...telling.map((stage) => stage.attempt)));
  return `${latest?.stage}: ${stateOf(telling, latest)}`;
}

describe('a run that was deployed', () => {
  const deployed = done('evaluate', 'deploy');
  it.each([
    ['and no more', [], 'deploy: running'],
    ['and is watched, and not yet rolled out', done('monitor'), 'monitor: running'],
    ['and rolled out, and not yet watched', done('rollout'), 'rollout: running'],
    ['watched while its rollout soaks', [...done('monitor'), soaking], 'rollout: monitored'],
    ['watched and promoted', done('monitor', 'rollout'), 'rollout: monitored'],
    ['and whose rollout has begun', [...done('monitor'), attempt('rollout', 'waiting')], 'rollout: running'],
    [
      'promoted while nobody watches it',
      [attempt('monitor', 'parked'), ...done('rollout')],
      'monitor: parked',
    ],
    [
      'and went back by itself',
      [...done('monitor'), attempt('rollout', 'rolled-back')],
      'rollout: rolled-back',
    ],
    ['and whose rollout is parked', [...done('monitor'), attempt('rollout', 'parked')], 'rollout: parked'],
  ])('%s is %3$s', (_when, stages, expected) => {
    expect(standing([...deployed, ...stages])).toBe(expected);
  });
});

describe('a run that was rolled back', () => {
  const overtaken = [...done('deploy', 'monitor'), attempt('rollout', 'superseded')];
  it.each([
    ['waiting', 'running'],
    ['completed', 'rolled-back'],
    ['parked', 'parked'],
  ] as const)('is, while the rollback is %s, %s', (state, expected) => {
    expect(standing([...overtaken, attempt('rollback', state, { attempt: 2 })])).toBe(
      `rollback: ${expected}`,
    );
  });

  it('is not by a rollback that found nothing left to do', () => {
    const moot = attempt('rollback', 'superseded', { attempt: 2 });
    expect(standing([...done('deploy', 'monitor', 'rollout'), moot])).toBe('rollout: monitored');
  });

  it('is deployed again by a replay that came after', () => {
    const again = [
      attempt('deploy', 'completed', { attempt: 3 }),
      attempt('monitor', 'completed', { attempt: 3 }),
    ];
    const before = [attempt('deploy', 'completed'), again[0], attempt('monitor', 'completed'), again[1]];
    const rest = [attempt('rollout', 'superseded'), { ...soaking, attempt: 3 }];
    expect(standing([...before, ...rest, attempt('rollback', 'completed', { attempt: 2 })])).toBe(
      'rollout: monitored',
    );
  });
});

it('a replay of one of the last stages leaves the other as it was', () => {
  const parked = [...done('deploy'), attempt('monitor', 'parked'), ...done('rollout')];
  const replayed = [parked[0], parked[1], attempt('monitor', 'completed', { attempt: 2 }), parked[2]];
  expect(standing(parked)).toBe('monitor: parked');
  expect(standing(replayed)).toBe('monitor: monitored');
});
