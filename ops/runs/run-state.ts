import type { StageState, StageView } from './run-view.ts';

export type RunState =
  | 'running'
  | 'awaiting-approval'
  | 'monitored'
  | 'rolled-back'
  | 'gate-failed'
  | 'rejected'
  | 'refused'
  | 'parked'
  | 'superseded';

/** Whether a run goes on by itself, or as soon as somebody says so. */
export const isUnderWay = ({ state }: { state: string }): boolean =>
  state === 'running' || state === 'awaiting-approval';

/** Whether an attempt waits for a person: what it waits for is what that person is asked. */
export const awaitsApproval = ({
  stage,
  state,
  operation = [],
}: {
  stage: string;
  state: string;
  operation?: string[];
}): boolean =>
  stage === 'approve' &&
  state === 'waiting' &&
  operation.some((resource) => resource.endsWith('/approval.json'));

/**
 * Where a run has come to: the furthest stage of its latest attempt. After the deployment a run goes on at two stages
 * side by side; of these it is the one that needs somebody, or else the one that is still at work.
 */
export function latestOf(stages: StageView[], attempt: number): StageView | undefined {
  const furthest = stages.findLast((stage) => stage.attempt === attempt);
  if (!furthest || !isLast(furthest)) return furthest;
  const last = lastStages(stages);
  return last.find(({ state }) => hasStopped(state)) ?? last.find((stage) => !hasArrived(stage)) ?? furthest;
}

/** How a run stands, by where it has come to. */
export function stateOf(stages: StageView[], latest: StageView | undefined): RunState {
  if (!latest) return 'running';
  const { state, stage } = latest;
  if (hasStopped(state)) return state;
  if (state === 'failed') return 'gate-failed';
  if (awaitsApproval(latest)) return 'awaiting-approval';
  if (stage === 'rollback') return state === 'completed' ? 'rolled-back' : 'running';
  const last = lastStages(stages);
  return isLast(latest) && last.length === LAST.length && last.every(hasArrived) ? 'monitored' : 'running';
}

const LAST = ['monitor', 'rollout'];
const isLast = ({ stage }: StageView) => LAST.includes(stage);

/** The latest attempt of each of the last stages, since the run was deployed the last time. */
function lastStages(stages: StageView[]): StageView[] {
  const deployed = stages.findLast(({ stage }) => stage === 'deploy')?.attempt ?? 0;
  return LAST.flatMap(
    (name) => stages.findLast(({ stage, attempt }) => stage === name && attempt >= deployed) ?? [],
  );
}

const STOPS = ['parked', 'refused', 'rejected', 'superseded', 'rolled-back'] as const;
const hasStopped = (state: StageState): state is (typeof STOPS)[number] =>
  STOPS.some((stop) => stop === state);

/** A rollout that soaks serves and is watched: nobody has to wait for its end. */
const hasArrived = ({ state, progress }: StageView) =>
  state === 'completed' || (state === 'waiting' && progress !== undefined);

/** A rollback that found nothing left to do says nothing about its run. */
export const isMoot = ({ stage, state }: StageView) => stage === 'rollback' && state === 'superseded';
