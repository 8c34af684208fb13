import { notFound } from './errors.ts';
import type { JournalRecord } from './journal-record.ts';
import type { StoredMessage } from './message.ts';
import { isAckedIn, type Snapshot } from './snapshot.ts';
import { Subscription } from './subscription.ts';
import { DELETED_TOPIC, type SubscriptionConfig } from './subscription-config.ts';
import type { SubscriptionHost } from './subscription-host.ts';
import { Topic } from './topic.ts';

type RecordOf<Type extends JournalRecord['type']> = Extract<JournalRecord, { type: Type }>;
type Appliers = { [Type in JournalRecord['type']]: (record: RecordOf<Type>) => void };

/** Everything the broker knows. It changes by records alone, so that replaying them restores it. */
export class State {
  readonly topics = new Map<string, Topic>();
  readonly subscriptions = new Map<string, Subscription>();
  readonly snapshots = new Map<string, Snapshot>();
  /** The next message's sequence. */
  next: number;

  readonly #host: SubscriptionHost;
  #isRunning = false;
  /** Messages that a compacted journal's later lines refer to. */
  readonly #messages = new Map<string, StoredMessage>();

  constructor(host: SubscriptionHost) {
    this.#host = host;
    // Microseconds since the epoch, so that ids differ from those of a state folder that was deleted.
    this.next = host.clock.now() * 1000;
  }

  /** Starts deliveries, after the last record of the journal. */
  start(): void {
    this.#isRunning = true;
    this.#messages.clear();
    for (const subscription of this.subscriptions.values()) subscription.start();
  }

  apply<Type extends JournalRecord['type']>(record: RecordOf<Type>): void {
    const appliers: { [T in Type]: (record: RecordOf<T>) => void } = this.#appliers;
    appliers[record.type as Type](record);
  }

  readonly #appliers: Appliers = {
    sequence: ({ next }) => {
      this.next = next;
    },
    topic: ({ config }) => {
      const topic = this.topics.get(config.name);
      if (topic) topic.config = config;
      else this.topics.set(config.name, new Topic(config));
    },
    'topic-deleted': ({ name }) => {
      for (const subscription of this.topics.get(name)?.subscriptions ?? []) {
        subscription.config = { ...subscription.config, topic: DELETED_TOPIC };
      }
      this.topics.delete(name);
    },
    subscription: ({ config }) => this.#putSubscription(config),
    'subscription-deleted': ({ name }) => {
      const subscription = this.subscriptions.get(name);
      if (!subscription) return;
      subscription.close(notFound(name));
      this.topics.get(subscription.config.topic)?.subscriptions.delete(subscription);
      this.subscriptions.delete(name);
    },
    publish: ({ topic: name, messages }) => {
      const topic = this.topics.get(name);
      if (!topic) return;
      const retains = topic.config.messageRetentionDuration !== undefined || this.#hasSnapshot(name);
      for (const message of messages) {
        this.next = message.sequence + 1;
        if (retains) topic.retain(message);
        for (const subscription of topic.subscriptions) {
          if (subscription.matches(message)) subscription.accept(message);
        }
      }
    },
    ack: ({ subscription: name, messageIds }) => {
      const subscription = this.subscriptions.get(name);
      for (const messageId of messageIds) {
        const entry = subscription?.backlog.get(messageId);
        if (entry) subscription?.backlog.acknowledge(entry, subscription.config.retainAckedMessages ?? false);
      }
    },
    failed: ({ subscription: name, messageId }) => {
      const entry = this.subscriptions.get(name)?.backlog.get(messageId);
      if (entry) entry.failures++;
    },
    seek: ({ subscription: name, time }) => {
      const subscription = this.subscriptions.get(name);
      const log = this.topics.get(subscription?.config.topic ?? '')?.log ?? [];
      subscription?.seek(log, (message) => message.publishTime < time);
    },
    'seek-snapshot': ({ subscription: name, snapshot: snapshotName }) => {
      const subscription = this.subscriptions.get(name);
      const snapshot = this.snapshots.get(snapshotName);
      if (!subscription || !snapshot) return;
      const log = this.topics.get(subscription.config.topic)?.log ?? [];
      const retained = [...snapshot.unacked.values(), ...log];
      subscription.seek(retained, (message) => isAckedIn(snapshot, message));
    },
    snapshot: ({ config, subscription: name, next }) => {
      const unacked = [...(this.subscriptions.get(name)?.backlog.unacked() ?? [])];
      const messages = unacked.map(({ message }): [string, StoredMessage] => [message.messageId, message]);
      this.snapshots.set(config.name, { config, unacked: new Map(messages), next });
    },
    'snapshot-updated': ({ config }) => {
      const snapshot = this.snapshots.get(config.name);
      if (snapshot) snapshot.config = config;
    },
    'snapshot-deleted': ({ name }) => {
      this.snapshots.delete(name);
    },
    messages: ({ messages }) => {
      for (const message of messages) this.#messages.set(message.messageId, message);
    },
    'topic-log': ({ topic, messageIds }) => {
      for (const message of this.#resolve(messageIds)) this.topics.get(topic)?.retain(message);
    },
    backlog: ({ subscription: name, entries }) => {
      const subscription = this.subscriptions.get(name);
      if (!subscription) return;
      for (const [messageId, failures, acked] of entries) {
        const [message] = this.#resolve([messageId]);
        if (!message) continue;
        const entry = subscription.backlog.add(message, failures);
        if (acked) subscription.backlog.acknowledge(entry, true);
      }
    },
    'snapshot-content': ({ config, messageIds, next }) => {
      const unacked = this.#resolve(messageIds).map((message): [string, StoredMessage] => [
        message.messageId,
        message,
      ]);
      this.snapshots.set(config.name, { config, unacked: new Map(unacked), next });
    },
  };

  #putSubscription(config: SubscriptionConfig): void {
    const existing = this.subscriptions.get(config.name);
    if (existing) {
      existing.reconfigure(config);
      return;
    }
    const subscription = new Subscription(config, this.#host);
    this.subscriptions.set(config.name, subscription);
    this.topics.get(config.topic)?.subscriptions.add(subscription);
    if (this.#isRunning) subscription.start();
  }

  #hasSnapshot(topic: string): boolean {
    return [...this.snapshots.values()].some(({ config }) => config.topic === topic);
  }

  #resolve(messageIds: string[]): StoredMessage[] {
    return messageIds.flatMap((messageId) => this.#messages.get(messageId) ?? []);
  }
}
