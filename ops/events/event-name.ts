import { CONTRACTS } from '../../events/catalogue/catalogue.ts';
import type { Envelope, EventName } from '../../events/index.ts';

const NAMES = new Map<string, EventName>(CONTRACTS.map(({ type, name }) => [type, name]));

/** The name of an event, by its type: the id of one that was sent again no longer tells. */
export const eventName = (event: Pick<Envelope, 'type'>): EventName | undefined => NAMES.get(event.type);
