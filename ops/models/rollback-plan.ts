import { type Envelope, Promoted, RollbackRequested, type RunId, sequenceOf } from '../../events/index.ts';
import type { RunView } from '../runs/run-view.ts';
import { CommandError, EXIT } from '../terminal/exit-codes.ts';
import { type ModelView, type VersionView, versionOf } from './registry.ts';

/** What a rollback will do, and the event that asks for it. */
export interface RollbackPlan {
  run: RunId;
  attempt: number;
  from: VersionView;
  to: VersionView;
  /** The versions that will be undeployed. */
  undeployed: string[];
  event: Envelope;
}

export interface RollbackRequest {
  /** A version, or `previous`. */
  to: string;
  reason: string;
  actor: string;
  at: Date;
  /** The production project. */
  project: string;
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
export function planRollback(model: ModelView, view: RunView, request: RollbackRequest): RollbackPlan {
  const from = servingVersion(model);
  const to = versionOf(model, request.to === 'previous' ? previousOf(model, from, view) : request.to);
  if (to.version === from.version) throw refusal(`version ${to.version} is the one that serves`);
  const { run } = from;
  const attempt = nextAttempt(view);
  const undeployed = model.versions
    .filter(({ version, deployedModelId }) => deployedModelId && version !== to.version)
    .map(({ version }) => version);
  return {
    ...{ run, attempt, from, to, undeployed },
    event: requestEvent({ run, attempt, from: from.version, to: to.version }, model, view, request),
  };
}

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

function requestEvent(
  { run, attempt, from, to }: { run: RunId; attempt: number; from: string; to: string },
  { endpoint, model }: ModelView,
  { record }: RunView,
  { reason, actor, at, project }: RollbackRequest,
): Envelope {
  const name = model.slice(model.lastIndexOf('/') + 1);
  return {
    specversion: '1.0',
    id: `${run}/rollback/${attempt}/to-${to}/${RollbackRequested.name}`,
    source: `//baton.dev/projects/${project}/operators`,
    type: RollbackRequested.type,
    time: at.toISOString(),
    subject: run,
    datacontenttype: 'application/json',
    correlationid: run,
    attempt,
    ...(record && { sequence: sequenceOf(record.generations) }),
    data: RollbackRequested.data.parse({ model: name, endpoint, from, to, actor, reason }),
  };
}

const refusal = (message: string) => new CommandError(EXIT.refused, message);
