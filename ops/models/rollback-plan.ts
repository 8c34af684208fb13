import { type DecisionRequest, Promoted, type RunId } from '../../events/index.ts';
import type { RunView } from '../runs/run-view.ts';
import { CommandError, EXIT } from '../terminal/exit-codes.ts';
import { type ModelView, type VersionView, versionOf } from './registry.ts';

/** What a rollback will do. */
export interface RollbackPlan {
  run: RunId;
  attempt: number;
  from: VersionView;
  to: VersionView;
  /** The versions that will be undeployed. */
  undeployed: string[];
  reason: string;
}

export interface RollbackOrder {
  /** A version, or `previous`. */
  to: string;
  reason: string;
}

/**
 * The version that a rollback is to take away: the one that is being rolled out, or else the champion.
 *
 * @throws CommandError `refused` where nothing serves, or what serves is of no run
 */
export function servingVersion({ versions, endpoint }: ModelView): VersionView & { run: RunId } {
  const challenger = versions.find(({ aliases, share }) => aliases.includes('challenger') && share);
  const serving = challenger ?? championOf(versions);
  if (!serving) throw refusal(`nothing serves at ${endpoint}`);
  const { run } = serving;
  if (!run)
    throw refusal(`version ${serving.version} is of no run: move the traffic at the endpoint yourself`);
  return { ...serving, run };
}

function championOf(versions: VersionView[]): VersionView | undefined {
  const [most] = versions
    .filter(({ share }) => share)
    .sort((left, right) => (right.share ?? 0) - (left.share ?? 0));
  return versions.find(({ aliases, share }) => aliases.includes('champion') && share !== undefined) ?? most;
}

/**
 * Plans a rollback. Changes nothing.
 *
 * @param view the run that made the version that serves
 * @throws CommandError `refused` where there is nothing to go back from or to
 */
export function planRollback(
  model: ModelView,
  view: RunView,
  { to: wanted, reason }: RollbackOrder,
): RollbackPlan {
  const from = servingVersion(model);
  const to = versionOf(model, wanted === 'previous' ? previousOf(model, from, view) : wanted);
  if (to.version === from.version) throw refusal(`version ${to.version} is the one that serves`);
  const undeployed = model.versions
    .filter(({ version, deployedModelId }) => deployedModelId && version !== to.version)
    .map(({ version }) => version);
  return { run: from.run, attempt: nextAttempt(view), from, to, undeployed, reason };
}

/** What the function `decide` is asked for by a plan: exactly what the person was shown. */
export const requestOf = ({ run, attempt, from, to, reason }: RollbackPlan): DecisionRequest => ({
  ...{ kind: 'rollback', run, attempt, reason },
  ...{ from: from.version, to: to.version },
});

/** What served before a version: the champion while it is rolled out, and after that what its promotion says. */
function previousOf({ versions }: ModelView, from: VersionView, { stages, run }: RunView): string {
  const champion = championOf(versions);
  if (champion && champion.version !== from.version) return champion.version;
  const ending = stages.findLast(({ event }) => event?.type === Promoted.type)?.event;
  const previous = Promoted.data.safeParse(ending?.data).data?.previous;
  if (previous) return previous;
  throw refusal(`no version served before ${from.version}, says the rollout of ${run}: give --to VERSION`);
}

/** A rollback is the run's next attempt; one that has not ended is asked for again, and so is the same. */
function nextAttempt({ stages, replays }: RunView): number {
  const highest = Math.max(1, ...[...stages, ...replays].map(({ attempt }) => attempt));
  const standing = stages.some(
    ({ stage, attempt, event }) => stage === 'rollback' && attempt === highest && !event,
  );
  return standing ? highest : highest + 1;
}

const refusal = (message: string) => new CommandError(EXIT.refused, message);
