import {
  DatasetReady,
  Deployed,
  type Envelope,
  EvalFailed,
  EvalPassed,
  type EventName,
  IngestDone,
  ModelTrained,
  Monitored,
  Parked,
  Refused,
  RunRequested,
  Superseded,
} from '../../events/index.ts';

const CONTRACTS = [
  ...[RunRequested, DatasetReady, IngestDone, ModelTrained, EvalPassed, EvalFailed, Deployed, Monitored],
  ...[Superseded, Refused, Parked],
];
const NAMES = new Map<string, EventName>(CONTRACTS.map(({ type, name }) => [type, name]));

/** The name of an event, by its type: the id of one that was sent again no longer tells. */
export const eventName = (event: Pick<Envelope, 'type'>): EventName | undefined => NAMES.get(event.type);
