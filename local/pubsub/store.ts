import { join } from 'node:path';
import type { Clock } from './clock.ts';
import { compacted } from './compaction.ts';
import { alreadyExists, failedPrecondition, notFound } from './errors.ts';
import { Journal } from './journal.ts';
import type { JournalRecord } from './journal-record.ts';
import type { Snapshot } from './snapshot.ts';
import { State } from './state.ts';
import type { Subscription } from './subscription.ts';
import type { SubscriptionHost } from './subscription-host.ts';
import { MINUTE } from './time-values.ts';
import type { Topic } from './topic.ts';

/** The broker's state, kept on disk, and rid of what its retention and expiry rules say goes. */
export class Store {
  readonly state: State;
  readonly #journal: Journal;
  readonly #clock: Clock;
  #cancelSweep: () => void = () => {};

  /** Restores the state under `<stateDir>/pubsub`; `start` begins deliveries. */
  constructor(stateDir: string, host: Omit<SubscriptionHost, 'record'>) {
    this.#clock = host.clock;
    this.#journal = new Journal(join(stateDir, 'pubsub'));
    this.state = new State({ ...host, record: (record) => this.record(record) });
    for (const record of this.#journal.read()) this.state.apply(record);
    this.#prune();
    this.#journal.compact(compacted(this.state));
  }

  start(): void {
    this.state.start();
    this.#scheduleSweep();
  }

  /** Makes a fact durable, without applying it. */
  record(record: JournalRecord): void {
    this.#journal.append(record);
  }

  /** Makes a fact durable, and true. */
  commit(record: JournalRecord): void {
    this.record(record);
    this.state.apply(record);
  }

  /** @throws NOT_FOUND */
  topic(name: string): Topic {
    return this.state.topics.get(name) ?? missing(name);
  }

  /** @throws NOT_FOUND */
  subscription(name: string): Subscription {
    return this.state.subscriptions.get(name) ?? missing(name);
  }

  /** @throws NOT_FOUND */
  snapshot(name: string): Snapshot {
    return this.state.snapshots.get(name) ?? missing(name);
  }

  close(): void {
    this.#cancelSweep();
    const reason = failedPrecondition('The local Pub/Sub is shutting down.');
    for (const subscription of this.state.subscriptions.values()) subscription.close(reason);
    this.#journal.close();
  }

  #scheduleSweep(): void {
    this.#cancelSweep = this.#clock.after(MINUTE, () => {
      this.#sweep();
      this.#scheduleSweep();
    });
  }

  #sweep(): void {
    const now = this.#clock.now();
    for (const { config } of [...this.state.snapshots.values()]) {
      if (config.expireTime <= now) this.commit({ type: 'snapshot-deleted', name: config.name });
    }
    for (const { config, activeAt, outstanding } of [...this.state.subscriptions.values()]) {
      const { ttl } = config.expirationPolicy;
      const isExpired = ttl !== undefined && outstanding === 0 && activeAt + ttl <= now;
      if (isExpired) this.commit({ type: 'subscription-deleted', name: config.name });
    }
    this.#prune();
    if (this.#journal.isOvergrown) this.#journal.compact(compacted(this.state));
  }

  #prune(): void {
    for (const subscription of this.state.subscriptions.values()) subscription.prune();
    for (const topic of this.state.topics.values()) {
      const snapshots = [...this.state.snapshots.values()].filter(
        ({ config }) => config.topic === topic.name,
      );
      const oldest = Math.min(...snapshots.map(({ next }) => next));
      topic.prune(this.#clock.now(), oldest);
    }
  }
}

/** @throws ALREADY_EXISTS */
export function checkAbsent(resources: ReadonlyMap<string, unknown>, name: string): void {
  if (resources.has(name)) throw alreadyExists(name);
}

function missing(name: string): never {
  throw notFound(name);
}
