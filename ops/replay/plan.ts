import {
  type Envelope,
  type ReplayRecord,
  STAGE_BEFORE,
  STAGE_INPUTS,
  type StageName,
  starterOf,
  type Tenant,
  topicOf,
} from '../../events/index.ts';
import { eventName } from '../events/event-name.ts';
import { awaitsApproval, isUnderWay } from '../runs/run-state.ts';
import type { RunView, StageView } from '../runs/run-view.ts';
import { CommandError, EXIT } from '../terminal/exit-codes.ts';
import { runRequest } from './run-request.ts';
import { type StageAgain, stagesAgain } from './side-effects.ts';

/**
 * How long after its lease, or after the event that should have begun a stage, nothing having happened means that
 * nothing will: longer than Pub/Sub's largest backoff of ten minutes.
 */
const STUCK_MS = 15 * 60_000;

/** What a replay will do: which event goes out again, where, and what runs again for it. */
export interface ReplayPlan {
  record: ReplayRecord;
  event: Envelope;
  topic: { tenant: Tenant; name: string };
  again: StageAgain[];
  /** Whether this very replay was sent before and has not ended: it is one. */
  sent: boolean;
}

export interface ReplayRequest {
  from: StageName;
  reason?: string;
  by: string;
  at: Date;
  /** The non-production project. */
  project: string;
}

/**
 * Plans a replay of a run from a stage, under the next attempt. Changes nothing.
 *
 * @throws CommandError `refused` for a run in flight, and where the stage's input never came to be
 */
export function planReplay(view: RunView, request: ReplayRequest): ReplayPlan {
  const { run, stages, replays } = view;
  const { from, reason, by, at } = request;
  const highest = Math.max(0, ...[...stages, ...replays].map(({ attempt }) => attempt));
  const current = replays.find((replay) => replay.attempt === highest);
  const rollout = stages.find(({ stage, state }) => stage === 'rollout' && state === 'waiting');
  if (isUnderWay(view)) {
    if (current?.from === from) return planOf(current, true);
    const flight = inFlight(view, current, at);
    const stop = view.state === 'running' ? 'runs cancel' : 'approvals reject';
    if (flight) throw refusal(`${run} is in flight: ${flight}. \`baton ${stop} ${run}\` stops it`);
  } else if (rollout) {
    throw refusal(`${name(rollout)} of ${run} is under way: \`baton models rollback --to previous\` ends it`);
  }
  const attempt = highest + 1;
  const event = sendAgain(inputOf(view, from, request), attempt);
  const record = {
    id: `${run}/replay/${attempt}`,
    run,
    attempt,
    from,
    reason,
    by,
    at: at.toISOString(),
    events: [event],
  };
  return planOf(record, false);
}

function planOf(record: ReplayRecord, sent: boolean): ReplayPlan {
  const { from, run, attempt, events } = record;
  const { event, tenant } = STAGE_INPUTS[from];
  const topic = { tenant, name: topicOf(event) };
  return { record, event: events[0], topic, again: stagesAgain(from, { run, attempt }), sent };
}

const refusal = (message: string) => new CommandError(EXIT.refused, message);

/** What the run is at, as long as something may come of it. */
function inFlight(
  { run, stages, latest }: RunView,
  replay: ReplayRecord | undefined,
  now: Date,
): string | undefined {
  const waiting = stages.find(({ state }) => state === 'waiting');
  if (waiting && awaitsApproval(waiting)) return `${name(waiting)} waits for somebody to decide`;
  if (waiting) return `${name(waiting)} waits for ${waiting.operation?.join(', ')}`;
  const running = stages.find((stage) => stage.state === 'running' && !isStuck(stage.leaseUntil, now));
  if (running) return `${name(running)} is being worked on until ${running.leaseUntil}`;
  if (latest?.endedAt && !isStuck(latest.endedAt, now))
    return `${name(latest)} has ended, and the next stage begins`;
  if (!latest && replay && !isStuck(replay.at, now)) return `${replay.id} from ${replay.from} begins`;
  return stages.length === 0 ? `${run} has not begun` : undefined;
}

const name = ({ stage, attempt }: StageView) => `${stage} (attempt ${attempt})`;
const isStuck = (since: string | undefined, now: Date) =>
  since !== undefined && now.getTime() - Date.parse(since) > STUCK_MS;

/**
 * The event that a stage is to answer again: the one of the latest attempt, whether the stage has seen it or the stage
 * before it has ended with it and it was lost.
 */
function inputOf(view: RunView, from: StageName, request: ReplayRequest): Envelope {
  const { run, stages } = view;
  if (from === 'prepare') return requestOf(view, request);
  const { event: wanted } = STAGE_INPUTS[from];
  const before = STAGE_BEFORE[from];
  const candidates = [
    ...stages.filter(({ stage }) => stage === before).map(({ event }) => event),
    ...stages.filter(({ stage }) => stage === from).map(({ input }) => input),
  ].filter((event) => event !== undefined && eventName(event) === wanted) as Envelope[];
  const [latest] = candidates.sort((left, right) => right.attempt - left.attempt);
  if (latest) return latest;
  throw refusal(
    `${run} has no ${wanted} event to send again: ${before ? `${before} never ended with one` : 'nobody sent one'}`,
  );
}

/**
 * The first stage answered files that landed, or a request for a run: a request for the same generations of the files
 * stands for either, and names whoever asked first.
 */
function requestOf({ run, record, stages }: RunView, { reason, project, at }: ReplayRequest): Envelope {
  const { train, eval: evaluation } = record?.generations ?? {};
  if (!record || !train || !evaluation) throw refusal(`${run} never had both files: drop them again`);
  const request = { ...record, generations: { train, eval: evaluation }, reason };
  const first = stages.find(({ stage }) => stage === 'prepare');
  const again = runRequest(request, project, at, starterOf(first?.input));
  return { ...again, ...(first?.cause && { id: first.cause.id }) };
}

/** The same event for another attempt. Its id follows from both, so that two who replay it send one event. */
function sendAgain(event: Envelope, attempt: number): Envelope {
  const replayof = event.replayof ?? event.id;
  return { ...event, id: `${replayof}/replay/${attempt}`, attempt, replayof };
}
