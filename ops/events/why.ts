import { fields, table } from '../terminal/output.ts';
import type { EventView } from './history.ts';

/** Why an event is there: what became of it, and the events that led to it, back to the files that landed. */
export interface Explanation {
  id: string;
  disposition: EventView['disposition'];
  answeredBy?: EventView['answeredBy'];
  code?: string;
  reason?: string;
  advice?: string;
  duplicates: string[];
  /** The event itself first, then what caused it, and so on. */
  chain: { id: string; name: string; time: string; disposition: EventView['disposition']; how: string }[];
}

/** Explains an event by the events of its run. */
export function explain(event: EventView, events: EventView[]): Explanation {
  const { id, disposition, answeredBy, code, reason, advice, duplicates } = event;
  const chain = causesOf(event, events).map((link) => ({
    id: link.id,
    name: link.name,
    time: link.time,
    disposition: link.disposition,
    how: howItCame(link),
  }));
  return { id, disposition, answeredBy, code, reason, advice, duplicates, chain };
}

/** An event and its causes; an event that says it caused itself ends the chain rather than repeat it. */
function causesOf(event: EventView, events: EventView[]): EventView[] {
  const byId = new Map(events.map((candidate) => [candidate.id, candidate]));
  const chain: EventView[] = [];
  let link: EventView | undefined = event;
  while (link && !chain.includes(link)) {
    chain.push(link);
    const cause: string | undefined = link.replayof ?? link.causationid;
    link = cause === undefined ? undefined : byId.get(cause);
  }
  return chain;
}

function howItCame({ name, replayof, causationid }: EventView): string {
  if (name === 'drop') return 'the files landed';
  if (replayof) return `sent again for ${replayof}`;
  return causationid ? `because of ${causationid}` : 'by an operator';
}

export function explanationText(explanation: Explanation): string {
  const { id, disposition, answeredBy, code, reason, advice, duplicates, chain } = explanation;
  return [
    fields([
      ['event', id],
      ['disposition', disposition],
      ['answered by', answeredBy && `${answeredBy.stage} (attempt ${answeredBy.attempt})`],
      ['duplicates', duplicates.length > 0 ? `${duplicates.length}: ${duplicates.join(', ')}` : undefined],
      ['code', code],
      ['reason', reason],
      ['advice', advice],
    ]),
    '',
    table(
      ['TIME', 'EVENT', 'BECAME', 'WHY'],
      chain.map((link) => [link.time, link.id, link.disposition, link.how]),
    ),
  ].join('\n');
}
