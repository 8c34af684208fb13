import type { StoredMessage } from './message.ts';
import type { Subscription } from './subscription.ts';
import type { TopicConfig } from './topic-config.ts';

/** A topic: who subscribes to it, and the messages it retains for seeks. */
export class Topic {
  config: TopicConfig;
  readonly subscriptions = new Set<Subscription>();
  #log: StoredMessage[] = [];

  constructor(config: TopicConfig) {
    this.config = config;
  }

  get name(): string {
    return this.config.name;
  }

  /** Messages retained for seeks, oldest first. */
  get log(): readonly StoredMessage[] {
    return this.#log;
  }

  retain(message: StoredMessage): void {
    this.#log.push(message);
  }

  /**
   * Forgets messages that neither the topic's retention nor a snapshot asks for.
   *
   * @param snapshotSequence the sequence from which on the oldest snapshot needs messages
   */
  prune(now: number, snapshotSequence: number): void {
    const horizon = now - (this.config.messageRetentionDuration ?? 0);
    const isNeeded = (message: StoredMessage) =>
      message.publishTime >= horizon || message.sequence >= snapshotSequence;
    if (this.#log.length > 0 && !isNeeded(this.#log[0])) this.#log = this.#log.filter(isNeeded);
  }
}
