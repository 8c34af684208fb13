import type { Command } from 'commander';
import type { RunId } from '../../events/index.ts';
import { findEvent } from '../events/find.ts';
import { type EventView, eventsOf } from '../events/history.ts';
import { listParked, type ParkedView, type StoredMessage } from '../events/parked.ts';
import { explain, explanationText } from '../events/why.ts';
import { existing } from '../runs/existing.ts';
import { listRuns } from '../runs/list.ts';
import { EXIT } from '../terminal/exit-codes.ts';
import { fields, table } from '../terminal/output.ts';
import { count, runId } from './arguments.ts';
import { addRedriveCommand } from './redrive.ts';
import { inSession, type Session } from './session.ts';

export function addEventsCommands(program: Command): void {
  const events = program.command('events').description('the events, and what became of each');
  addListCommand(events);
  events
    .command('show')
    .description('prints an event, or a parked message, whole')
    .argument('<id>', 'the id of an event, or of a parked message')
    .action(
      inSession(async (session, _options: object, id: string) => {
        const found = await findEvent(session, id);
        if (found.kind === 'message') showMessage(session, found.stored);
        else session.output.data(found.event, () => eventText(found.event));
        return EXIT.ok;
      }),
    );
  events
    .command('why')
    .description('tells what became of an event, and what caused it, back to the files that landed')
    .argument('<id>', 'the id of an event, or of a parked message')
    .action(
      inSession(async (session, _options: object, id: string) => {
        const found = await findEvent(session, id);
        if (found.kind === 'message') {
          session.output.data(found.stored.view, () => messageText(found.stored.view));
        } else {
          const explanation = explain(found.event, found.events);
          session.output.data(explanation, () => explanationText(explanation));
        }
        return EXIT.ok;
      }),
    );
  addRedriveCommand(events);
}

function addListCommand(events: Command): void {
  events
    .command('list')
    .description('lists the events of a run, or of the latest runs, and the messages that no handler took')
    .option('--run <run>', 'of this run only', runId)
    .option('--limit <number>', 'of at most so many runs', count, 5)
    .action(
      inSession(async (session, { run, limit }: { run?: RunId; limit: number }) => {
        const listed = await eventsOfRuns(session, run, limit);
        const parked = await parkedMessages(session, run);
        session.output.data({ events: listed.map(({ event: _whole, ...event }) => event), parked }, () =>
          [eventsText(listed), ...(parked.length > 0 ? ['', parkedText(parked)] : [])].join('\n'),
        );
        return EXIT.ok;
      }),
    );
}

async function eventsOfRuns(session: Session, run: RunId | undefined, limit: number): Promise<EventView[]> {
  if (run) return eventsOf(await existing(session, run));
  const listed: EventView[][] = [];
  for await (const view of listRuns(session.storage, session.buckets, { where: {} }, session.output.warn)) {
    listed.push(eventsOf(view));
    if (listed.length === limit) break;
  }
  return listed.reverse().flat();
}

async function parkedMessages({ storage, buckets, output }: Session, run?: RunId): Promise<ParkedView[]> {
  const parked: ParkedView[] = [];
  for await (const { view } of listParked(storage, buckets, output.warn)) {
    if (!run || view.attempt?.run === run) parked.push(view);
  }
  return parked;
}

function showMessage({ output }: Session, { view, message }: StoredMessage): void {
  const text = Buffer.from(message.data ?? '', 'base64').toString('utf8');
  const attributes = Object.entries(message.attributes).map(([name, value]) => `${name}=${value}`);
  output.data({ ...view, message }, () => `${messageText(view)}\n\n${attributes.join('\n')}\n\n${text}`);
}

const eventsText = (events: EventView[]) =>
  table(
    ['TIME', 'ID', 'BECAME', 'AT', 'DUPLICATES', 'CODE'],
    events.map(({ time, id, disposition, answeredBy, duplicates, code }) => [
      ...[time, id, disposition, answeredBy && `${answeredBy.stage}/${answeredBy.attempt}`],
      ...[duplicates.length || undefined, code],
    ]),
  );

const parkedText = (messages: ParkedView[]) =>
  table(
    ['PARKED', 'MESSAGE', 'SUBSCRIPTION', 'CODE', 'REDRIVEN', 'REASON'],
    messages.map((it) => [it.parkedAt, it.id, it.subscription, it.code, it.redriven?.at, it.reason]),
  );

const eventText = ({ event, ...view }: EventView) =>
  [
    fields([
      ['event', view.id],
      ['name', view.name],
      ['type', view.type],
      ['source', view.source],
      ['time', view.time],
      ['run', view.run],
      ['caused by', view.causationid],
      ['replay of', view.replayof],
      ['disposition', view.disposition],
    ]),
    ...(event ? ['', JSON.stringify(event.data, null, 2)] : []),
  ].join('\n');

const messageText = (view: ParkedView) =>
  fields([
    ['message', view.id],
    ['subscription', view.subscription],
    ['disposition', 'parked'],
    ['parked', view.parkedAt],
    ['deliveries', view.deliveries],
    ['attempt', view.attempt && `${view.attempt.run}/${view.attempt.stage}/${view.attempt.attempt}`],
    ['code', view.code],
    ['reason', view.reason],
    ['advice', view.advice],
    ['redriven', view.redriven && `${view.redriven.at} by ${view.redriven.by}, as ${view.redriven.as}`],
    ['kept in', view.object],
  ]);
