import type { StageName, Tenant } from './stage.ts';

/**
 * The Pub/Sub topics that carry events, and the tenants that have them. A topic is named after its event; the
 * Pulumi program declares exactly these.
 */
export const EVENT_TOPICS = {
  'dataset-ready': ['nonprod'],
  'ingest-done': ['nonprod'],
  'model-trained': ['nonprod'],
  'eval-passed': ['nonprod'],
  'eval-failed': ['nonprod', 'prod'],
  approved: ['prod'],
  rejected: ['prod'],
  deployed: ['prod'],
  monitored: ['prod'],
  promoted: ['prod'],
  'rollback-requested': ['prod'],
  'rolled-back': ['prod'],
  superseded: ['prod'],
  'drift-detected': ['prod'],
  refused: ['nonprod', 'prod'],
  parked: ['nonprod', 'prod'],
} as const satisfies Record<string, readonly Tenant[]>;

/** An event's name, which its topic has too; `run-requested` alone comes on the topic that files are told of on. */
export type EventName = keyof typeof EVENT_TOPICS | 'run-requested';

/** The topic on which an event is published. */
export const topicOf = (event: EventName): string => (event === 'run-requested' ? 'drops' : event);

/** The event that wakes each stage, and the tenant whose topic carries it: what a replay publishes, and where. */
export const STAGE_INPUTS = {
  prepare: { event: 'run-requested', tenant: 'nonprod' },
  ingest: { event: 'dataset-ready', tenant: 'nonprod' },
  train: { event: 'ingest-done', tenant: 'nonprod' },
  evaluate: { event: 'model-trained', tenant: 'nonprod' },
  approve: { event: 'eval-passed', tenant: 'nonprod' },
  deploy: { event: 'approved', tenant: 'prod' },
  monitor: { event: 'deployed', tenant: 'prod' },
  rollout: { event: 'deployed', tenant: 'prod' },
  rollback: { event: 'rollback-requested', tenant: 'prod' },
} as const satisfies Record<StageName, { event: EventName; tenant: Tenant }>;

/** The topic of production's Cloud Monitoring notification channel, to which Vertex AI's monitoring sends alerts. */
export const ALERT_TOPIC = 'monitoring-alerts';

/** The topics that carry Cloud Storage notifications: files that land, and markers that workloads write. */
export const SIGNAL_TOPICS = {
  drops: { tenants: ['nonprod'], prefix: 'datasets/' },
  signals: { tenants: ['nonprod', 'prod'], prefix: 'signals/' },
} as const satisfies Record<string, { tenants: readonly Tenant[]; prefix: string }>;
