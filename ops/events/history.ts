import type { Disposition, Envelope } from '../../events/index.ts';
import { failureOf } from '../runs/failure.ts';
import type { RunView, StageView } from '../runs/run-view.ts';
import { eventName } from './event-name.ts';

/** What became of an event: at the stage that it wakes, or, where it wakes none, that it went out. */
export type EventDisposition = Disposition | 'published';

/** An event of a run, with what became of it. */
export interface EventView {
  id: string;
  /** The event's name, as its topic; a file's landing is `drop`. */
  name: string;
  source: string;
  type?: string;
  time: string;
  run: string;
  disposition: EventDisposition;
  /** The attempt that answers it. */
  answeredBy?: { stage: string; attempt: number };
  /** The event that caused it. */
  causationid?: string;
  replayof?: string;
  /** Delivery ids of copies that were found to be duplicates. */
  duplicates: string[];
  /** Why its attempt was parked or refused, and what to do. */
  code?: string;
  reason?: string;
  advice?: string;
  event?: Envelope;
}

const DISPOSITIONS: Record<StageView['state'], EventDisposition> = {
  running: 'waiting',
  waiting: 'waiting',
  completed: 'done',
  failed: 'done',
  rejected: 'done',
  'rolled-back': 'done',
  refused: 'refused',
  parked: 'parked',
  superseded: 'superseded',
};

/**
 * Every event of a run in the order in which they came to be: those that its attempts answer, those that they ended
 * with, and the replays.
 */
export function eventsOf(view: RunView): EventView[] {
  const events = new Map<string, EventView>();
  for (const replay of view.replays) {
    for (const event of replay.events) {
      events.set(event.id, { ...published(event), time: replay.at, disposition: 'waiting' });
    }
  }
  for (const attempt of view.stages) {
    const answered = answeredEvent(attempt, view.run);
    if (answered) {
      const { time, causationid } = events.get(answered.id) ?? answered;
      events.set(answered.id, { ...answered, time, causationid });
    }
    const ending = attempt.event;
    if (ending && !events.has(ending.id)) {
      // The landing of a file is no event of the run, so the first ending names no cause.
      const causationid = ending.causationid ?? attempt.cause?.id;
      events.set(ending.id, { ...published(ending), causationid });
    }
  }
  return causesFirst(events);
}

/**
 * By time, and yet no event before one that caused it: the clocks of two handlers may differ. Those of one time stay in
 * the order of the stages.
 */
function causesFirst(events: Map<string, EventView>): EventView[] {
  const ordered: EventView[] = [];
  const seen = new Set<EventView>();
  const place = (event: EventView | undefined) => {
    if (!event || seen.has(event)) return;
    seen.add(event);
    for (const cause of [event.causationid, event.replayof]) place(events.get(cause ?? ''));
    ordered.push(event);
  };
  for (const event of [...events.values()].sort(byTime)) place(event);
  return ordered;
}

const byTime = (left: EventView, right: EventView) => Date.parse(left.time) - Date.parse(right.time);

function published(event: Envelope): EventView {
  const { id, source, type, time, correlationid: run, causationid, replayof } = event;
  const name = eventName(event) ?? type;
  return {
    ...{ id, name, source, type, time, run, causationid, replayof, event },
    disposition: 'published',
    duplicates: [],
  };
}

/** The event that an attempt answers: a run's, or for the first stage the file that landed last. */
function answeredEvent(attempt: StageView, run: string): EventView | undefined {
  const { stage, cause, input, startedAt, duplicates, event: ending } = attempt;
  if (!cause) return undefined;
  const failure = failureOf(ending);
  const before = input
    ? published(input)
    : { id: cause.id, name: 'drop', source: cause.source, time: startedAt, run };
  return {
    ...before,
    disposition: DISPOSITIONS[attempt.state],
    answeredBy: { stage, attempt: attempt.attempt },
    duplicates,
    code: failure?.code,
    reason: failure?.reason,
    advice: failure?.advice,
  };
}
