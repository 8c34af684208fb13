import { z } from 'zod';
import {
  Approved,
  DatasetReady,
  Deployed,
  DriftDetected,
  EVENT_TOPICS,
  EvalFailed,
  EvalPassed,
  type EventContract,
  type EventName,
  IngestDone,
  ModelTrained,
  Monitored,
  Parked,
  Promoted,
  Refused,
  Rejected,
  RollbackRequested,
  RolledBack,
  RunRequested,
  SIGNAL_TOPICS,
  STAGE_INPUTS,
  STAGES,
  type StageName,
  Superseded,
  type Tenant,
  topicOf,
} from '../index.ts';

/** Every event, in the order in which a run meets them. */
export const CONTRACTS: readonly EventContract<unknown>[] = [
  RunRequested,
  DatasetReady,
  IngestDone,
  ModelTrained,
  EvalPassed,
  EvalFailed,
  Approved,
  Rejected,
  Deployed,
  Monitored,
  Promoted,
  Superseded,
  RollbackRequested,
  RolledBack,
  DriftDetected,
  Refused,
  Parked,
];

/** The stages that an event wakes. */
export function wokenBy(event: EventName): StageName[] {
  return STAGES.filter((stage) => STAGE_INPUTS[stage].event === event);
}

/** The tenants whose projects have the event's topic. */
export function tenantsOf(event: EventName): readonly Tenant[] {
  return event === 'run-requested' ? SIGNAL_TOPICS.drops.tenants : EVENT_TOPICS[event];
}

export const topicsOfEvents = (): string[] => [...new Set(CONTRACTS.map(({ name }) => topicOf(name)))];

/** The JSON Schema of an event's data, as a subscriber reads it. */
export function dataSchema({ data }: EventContract<unknown>): z.core.JSONSchema.JSONSchema {
  const { $schema, ...schema } = z.toJSONSchema(data, { target: 'draft-7', io: 'output' });
  return schema;
}
