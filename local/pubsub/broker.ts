import type { CheckKey, MessageBroker, MessageInput, TableWriter } from '../boundaries.ts';
import { BigQueryConsumer } from './bigquery-subscription.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Consumer, DeliveryEvent } from './consumer.ts';
import { unimplemented } from './errors.ts';
import { checkPublish, store } from './message.ts';
import { PushConsumer, type PushTransport } from './push.ts';
import { checkAbsent, Store } from './store.ts';
import type { Subscription } from './subscription.ts';
import {
  completeSubscription,
  type PushConfig,
  parseSubscription,
  type SubscriptionConfig,
  type SubscriptionInput,
} from './subscription-config.ts';
import { parseTopic, type TopicConfig } from './topic-config.ts';

export interface PubSubOptions {
  /** The local cloud's state folder; the broker's part is `pubsub/` under it. */
  stateDir: string;
  /** How push requests leave, and with which tokens. */
  transport: PushTransport;
  /**
   * Where a project's BigQuery subscriptions write, with the rights of their service account, or without one of
   * Pub/Sub's agent; without it they are UNIMPLEMENTED.
   */
  tablesOf?: (project: string, serviceAccountEmail: string | undefined) => TableWriter;
  clock?: Clock;
  /** Whether the service may move messages from a subscription to its dead-letter topic; without it, it may. */
  mayDeadLetter?: (subscription: string, topic: string) => boolean;
  /** Asked for each topic. */
  checkKey?: CheckKey;
  /** Called for the outcome of each delivery; it must not throw. */
  onDelivery?: (event: DeliveryEvent) => void;
}

export interface SubscriptionStatistics {
  /** Messages that are not acknowledged yet. */
  unacked: number;
  /** Those of them that a subscriber has. */
  outstanding: number;
  /** When the oldest of them was published, in milliseconds since the epoch. */
  oldestUnackedAt: number | undefined;
}

/** The local Pub/Sub. Resources are named by their full names and given in the shape of gRPC or of proto JSON. */
export class PubSub implements MessageBroker {
  /** The resources and their messages, for the API's surface. */
  readonly store: Store;
  readonly clock: Clock;
  readonly #options: PubSubOptions;

  /** Restores what an earlier process left in the state folder. Deliveries wait for `start`. */
  constructor(options: PubSubOptions) {
    this.#options = options;
    this.clock = options.clock ?? systemClock;
    this.store = new Store(options.stateDir, {
      clock: this.clock,
      publishDeadLetter: (...deadLetter) => this.#publishDeadLetter(...deadLetter),
      onDelivery: (event) => options.onDelivery?.(event),
      createConsumer: (subscription) => this.#createConsumer(subscription),
    });
  }

  /** Starts deliveries: call it when push endpoints and tables can be reached, or attempts are spent on errors. */
  start(): void {
    this.store.start();
  }

  hasTopic(topic: string): boolean {
    return this.store.state.topics.has(topic);
  }

  /** @throws ALREADY_EXISTS, INVALID_ARGUMENT, and what `checkKey` throws */
  createTopic(input: object): void {
    const config = parseTopic(input);
    checkAbsent(this.store.state.topics, config.name);
    this.#checkKey(config);
    this.store.commit({ type: 'topic', config });
  }

  /**
   * Creates the topic, or gives the existing one this configuration; its messages and subscriptions stay.
   *
   * @throws INVALID_ARGUMENT, and what `checkKey` throws
   */
  declareTopic(input: object): void {
    const config = parseTopic(input);
    this.#checkKey(config);
    const existing = this.store.state.topics.get(config.name)?.config;
    if (!isSame<TopicConfig>(existing, config)) this.store.commit({ type: 'topic', config });
  }

  /** Subscriptions to the topic stay, without a topic. @throws NOT_FOUND */
  deleteTopic(name: string): void {
    this.store.topic(name);
    this.store.commit({ type: 'topic-deleted', name });
  }

  /** @throws ALREADY_EXISTS, INVALID_ARGUMENT, and NOT_FOUND for a missing topic or dead-letter topic */
  createSubscription(input: object): void {
    const config = this.#complete(parseSubscription(input));
    checkAbsent(this.store.state.subscriptions, config.name);
    this.store.topic(config.topic);
    this.store.commit({ type: 'subscription', config });
  }

  /**
   * Creates the subscription, or gives the existing one this configuration; its backlog stays. As the topic,
   * the filter and the ordering can't change, a subscription that differs in one of them is made anew.
   *
   * @throws INVALID_ARGUMENT, and NOT_FOUND for a missing topic or dead-letter topic
   */
  declareSubscription(input: object): void {
    const declared = this.#complete(parseSubscription(input));
    this.store.topic(declared.topic);
    const existing = this.store.state.subscriptions.get(declared.name)?.config;
    const isReplaced = existing !== undefined && !isSame(identityOf(existing), identityOf(declared));
    if (isReplaced) this.deleteSubscription(declared.name);
    const config = isReplaced ? declared : { ...declared, detached: existing?.detached };
    if (isReplaced || !isSame(existing, config)) this.store.commit({ type: 'subscription', config });
  }

  /** Changes an existing subscription. @throws NOT_FOUND, INVALID_ARGUMENT */
  updateSubscription(input: SubscriptionInput): void {
    this.store.subscription(input.name);
    this.store.commit({ type: 'subscription', config: this.#complete(input) });
  }

  /** Makes it push elsewhere, or without an endpoint be pulled. @throws NOT_FOUND, INVALID_ARGUMENT */
  modifyPushConfig(name: string, pushConfig: PushConfig | undefined): void {
    this.updateSubscription({ ...this.store.subscription(name).config, pushConfig });
  }

  /** Cuts the subscription from its topic and drops its messages. @throws NOT_FOUND */
  detachSubscription(name: string): void {
    const { config } = this.store.subscription(name);
    this.store.commit({ type: 'subscription', config: { ...config, detached: true } });
  }

  /** @throws NOT_FOUND */
  deleteSubscription(name: string): void {
    this.store.subscription(name);
    this.store.commit({ type: 'subscription-deleted', name });
  }

  /**
   * Stores messages and answers their ids; deliveries start a moment later.
   *
   * @throws NOT_FOUND for an unknown topic, INVALID_ARGUMENT for messages beyond Pub/Sub's limits
   */
  publish(topic: string, messages: MessageInput[]): string[] {
    this.store.topic(topic);
    checkPublish(messages);
    return this.#publish(topic, messages);
  }

  /** @throws NOT_FOUND */
  statistics(name: string): SubscriptionStatistics {
    const { backlog, outstanding } = this.store.subscription(name);
    let unacked = 0;
    let oldest = Number.POSITIVE_INFINITY;
    for (const { message } of backlog.unacked()) {
      unacked++;
      oldest = Math.min(oldest, message.publishTime);
    }
    return { unacked, outstanding, oldestUnackedAt: unacked > 0 ? oldest : undefined };
  }

  /** Ends deliveries and the journal; requests under way are not waited for. */
  close(): void {
    this.store.close();
  }

  #publish(topic: string, messages: MessageInput[]): string[] {
    const now = this.clock.now();
    const first = this.store.state.next;
    const stored = messages.map((message, index) => store(message, first + index, now));
    this.store.commit({ type: 'publish', topic, messages: stored });
    return stored.map(({ messageId }) => messageId);
  }

  #publishDeadLetter(topic: string, message: MessageInput, subscription: string): boolean {
    if (!this.hasTopic(topic)) return false;
    if (this.#options.mayDeadLetter?.(subscription, topic) === false) return false;
    this.#publish(topic, [message]);
    return true;
  }

  /** A topic lies in the region that its messages are held to; its key in that one. */
  #checkKey({ name, kmsKeyName, messageStoragePolicy }: TopicConfig): void {
    const regions = messageStoragePolicy?.allowedPersistenceRegions ?? [];
    this.#options.checkKey?.({
      kmsKeyName: kmsKeyName || undefined,
      project: name.split('/')[1],
      resource: name,
      location: regions.length === 1 ? regions[0] : undefined,
    });
  }

  #complete(input: SubscriptionInput): SubscriptionConfig {
    const config = completeSubscription(input);
    if (config.deadLetterPolicy) this.store.topic(config.deadLetterPolicy.deadLetterTopic);
    if (config.bigqueryConfig && !this.#options.tablesOf) throw unimplemented('Subscription.bigquery_config');
    return config;
  }

  #createConsumer(subscription: Subscription): Consumer | undefined {
    const { pushConfig, bigqueryConfig } = subscription.config;
    const { transport, tablesOf } = this.#options;
    if (pushConfig) return new PushConsumer(subscription, transport, this.clock);
    if (!bigqueryConfig || !tablesOf) return undefined;
    const tables = tablesOf(subscription.name.split('/')[1], bigqueryConfig.serviceAccountEmail);
    return new BigQueryConsumer(subscription, bigqueryConfig, tables, this.clock);
  }
}

function identityOf({ topic, filter, enableMessageOrdering }: SubscriptionConfig) {
  return [topic, filter, enableMessageOrdering ?? false];
}

function isSame<T>(one: T | undefined, other: T): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
