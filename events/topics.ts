import type { Tenant } from './stage.ts';

/**
 * The Pub/Sub topics that carry events, and the tenants that have them. A topic is named after its event; the
 * Pulumi program declares exactly these.
 */
export const EVENT_TOPICS = {
  'dataset-ready': ['nonprod'],
  'ingest-done': ['nonprod'],
  'model-trained': ['nonprod'],
  'eval-passed': ['nonprod'],
  'eval-failed': ['nonprod'],
  deployed: ['prod'],
  monitored: ['prod'],
  refused: ['nonprod', 'prod'],
  parked: ['nonprod', 'prod'],
} as const satisfies Record<string, readonly Tenant[]>;

export type EventName = keyof typeof EVENT_TOPICS;

/** The topics that carry Cloud Storage notifications: files that land, and markers that workloads write. */
export const SIGNAL_TOPICS = {
  drops: { tenant: 'nonprod', prefix: 'datasets/' },
  signals: { tenant: 'nonprod', prefix: 'signals/' },
} as const satisfies Record<string, { tenant: Tenant; prefix: string }>;
