import { layout, RunId } from '../../events/index.ts';
import type { Session } from '../commands/session.ts';
import { listRuns } from '../runs/list.ts';
import { readRun } from '../runs/run-view.ts';
import { CommandError, EXIT } from '../terminal/exit-codes.ts';
import { type EventView, eventsOf } from './history.ts';
import { listParked, type StoredMessage } from './parked.ts';

/** What an id is the id of: an event of a run, with the events beside it, or a message that was parked. */
export type Found =
  | { kind: 'event'; event: EventView; events: EventView[] }
  | { kind: 'message'; stored: StoredMessage };

/**
 * Finds an event or a parked message by its id. An event's id begins with its run; the landing of a file has the
 * object's name, and so the drop.
 *
 * @throws CommandError `notFound`
 */
export async function findEvent(session: Session, id: string): Promise<Found> {
  for await (const events of candidates(session, id)) {
    const event = events.find((candidate) => candidate.id === id);
    if (event) return { kind: 'event', event, events };
  }
  for await (const stored of listParked(session.storage, session.buckets, session.output.warn)) {
    if (stored.view.id === id) return { kind: 'message', stored };
  }
  throw new CommandError(
    EXIT.notFound,
    `there is no event or parked message ${id} in ${session.environment.name}: \`baton events list\` prints ids`,
  );
}

async function* candidates({ storage, buckets, output }: Session, id: string): AsyncGenerator<EventView[]> {
  const [first, drop] = id.split('/');
  if (`${first}/` === layout.datasetsPrefix && drop) {
    for await (const view of listRuns(storage, buckets, { where: { drop } }, output.warn))
      yield eventsOf(view);
    return;
  }
  const run = RunId.safeParse(first);
  if (run.success && first !== id) yield eventsOf(await readRun(storage, buckets, run.data));
}
