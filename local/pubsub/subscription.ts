import type { StatusError } from '../status.ts';
import { Backlog, type Entry } from './backlog.ts';
import { retryDelay } from './backoff.ts';
import { Timers } from './clock.ts';
import type { Consumer, Delivery, DeliveryOutcome } from './consumer.ts';
import { Consumers } from './consumers.ts';
import { forwardDeadLetter } from './dead-letter.ts';
import { failedPrecondition } from './errors.ts';
import { compileFilter, type MessageFilter } from './filter.ts';
import { type Lease, Leases } from './leases.ts';
import type { StoredMessage } from './message.ts';
import type { SubscriptionConfig } from './subscription-config.ts';
import type { SubscriptionHost } from './subscription-host.ts';
import { SECOND } from './time-values.ts';

/** The publisher has its answer before a subscriber has the message, as across a real network. */
const PUBLISH_TO_DELIVERY_MS = 5;

/** A subscription: its backlog, who takes from it, and what becomes of each delivery. */
export class Subscription {
  readonly backlog: Backlog;
  config: SubscriptionConfig;
  /** When a subscriber or a caller last did something with it, in milliseconds since the epoch. */
  activeAt: number;
  /** The consumer of a push or export subscription. */
  destination: Consumer | undefined;

  readonly #host: SubscriptionHost;
  readonly #leases: Leases;
  readonly #matches: MessageFilter;
  readonly #consumers = new Consumers();
  readonly #timers: Timers;
  #arrivals: Entry[] = [];
  #isRunning = false;
  #isWaking = false;

  constructor(config: SubscriptionConfig, host: SubscriptionHost) {
    this.config = config;
    this.backlog = new Backlog(config.enableMessageOrdering ?? false);
    this.activeAt = host.clock.now();
    this.#host = host;
    this.#timers = new Timers(host.clock);
    this.#matches = compileFilter(config.filter);
    this.#leases = new Leases(host.clock, (lease) => this.#fail(lease, 'expired'));
  }

  get name(): string {
    return this.config.name;
  }

  get outstanding(): number {
    return this.#leases.size;
  }

  /** Starts deliveries. Until then, messages only gather. */
  start(): void {
    this.#isRunning = true;
    for (const entry of this.backlog.unacked()) this.backlog.makeReady(entry);
    this.#resetDestination();
  }

  matches(message: StoredMessage): boolean {
    return !this.config.detached && this.#matches(message.attributes);
  }

  /** Takes in a message just published. */
  accept(message: StoredMessage): void {
    const entry = this.backlog.add(message);
    if (!this.#isRunning) return;
    this.#arrivals.push(entry);
    if (this.#arrivals.length > 1) return;
    this.#timers.after(PUBLISH_TO_DELIVERY_MS, () => {
      for (const arrival of this.#arrivals.splice(0)) this.backlog.makeReady(arrival);
      this.#pump();
    });
  }

  addConsumer(consumer: Consumer): void {
    this.#consumers.add(consumer);
    this.wake();
  }

  /** The consumer gets nothing more; what it has stays its own until acknowledged or expired. */
  removeConsumer(consumer: Consumer): void {
    this.#consumers.remove(consumer);
  }

  /** Delivers what can be delivered, soon. */
  wake(): void {
    if (this.#isWaking) return;
    this.#isWaking = true;
    setImmediate(() => {
      this.#isWaking = false;
      this.#pump();
    });
  }

  /** Acknowledges deliveries, and answers the ids that name none. */
  acknowledge(ackIds: readonly string[]): string[] {
    const leases = [...new Set(ackIds)].flatMap((ackId) => this.#leases.get(ackId) ?? []);
    const unknown = ackIds.filter((ackId) => !this.#leases.get(ackId));
    if (leases.length === 0) return unknown;
    this.activeAt = this.#host.clock.now();
    const messageIds = leases.map(({ message }) => message.messageId);
    this.#host.record({ type: 'ack', subscription: this.name, messageIds });
    for (const lease of leases) {
      this.#release(lease);
      this.backlog.acknowledge(lease.entry, this.config.retainAckedMessages ?? false);
      this.#report(lease, 'acked');
    }
    return unknown;
  }

  /** Sets the time left to a delivery; 0 seconds refuses it. False when the id names none. */
  modifyAckDeadline(ackId: string, seconds: number): boolean {
    const lease = this.#leases.get(ackId);
    if (!lease) return false;
    this.activeAt = this.#host.clock.now();
    if (seconds === 0) this.#fail(lease, 'nacked');
    else this.#leases.extend(ackId, seconds * SECOND);
    return true;
  }

  /** Refuses a delivery. */
  refuse(delivery: Delivery): void {
    this.modifyAckDeadline(delivery.ackId, 0);
  }

  /** Revokes all deliveries and sets which messages are acknowledged. */
  seek(retained: Iterable<StoredMessage>, isAcked: (message: StoredMessage) => boolean): void {
    for (const lease of [...this.#leases.all()]) this.#release(lease);
    const matching = [...retained].filter((message) => this.matches(message));
    this.backlog.seek(matching, isAcked, this.config.retainAckedMessages ?? false);
    this.wake();
  }

  /** Changes the configuration in place; the backlog stays. */
  reconfigure(config: SubscriptionConfig): void {
    const before = this.config;
    this.config = config;
    if (config.detached && !before.detached) {
      this.#drop(failedPrecondition(`The subscription ${this.name} is detached from its topic.`));
      this.backlog.clear();
      return;
    }
    const destinationOf = ({ pushConfig, bigqueryConfig }: SubscriptionConfig) =>
      JSON.stringify([pushConfig, bigqueryConfig]);
    if (this.#isRunning && destinationOf(before) !== destinationOf(config)) {
      this.#endConsumers(
        failedPrecondition(`The delivery type of the subscription ${this.name} has changed.`),
      );
      this.#resetDestination();
    }
  }

  /** Drops what is older than the subscription retains. */
  prune(): void {
    this.backlog.prune(this.#horizon());
  }

  /** Ends deliveries for good. */
  close(reason: StatusError): void {
    this.#isRunning = false;
    this.#drop(reason);
  }

  #resetDestination(): void {
    this.destination = this.config.detached ? undefined : this.#host.createConsumer(this);
    if (this.destination) this.#consumers.add(this.destination);
    this.wake();
  }

  #pump(): void {
    if (this.#isRunning) this.#consumers.serve((consumer) => this.#deliverTo(consumer));
  }

  #deliverTo(consumer: Consumer): boolean {
    const allowance = consumer.allowance();
    if (allowance.messages <= 0) return false;
    const deadlineMs = consumer.ackDeadlineMs ?? this.config.ackDeadlineSeconds * SECOND;
    const leases = this.backlog
      .take(allowance, this.#horizon())
      .map((entry) => this.#leases.grant(entry, consumer, deadlineMs));
    if (leases.length === 0) return false;
    consumer.deliver(leases);
    return true;
  }

  #fail(lease: Lease, outcome: 'nacked' | 'expired'): void {
    const { entry } = lease;
    const following = this.config.enableMessageOrdering
      ? [...this.#leases.all()].filter((other) => this.backlog.follows(other.entry, entry))
      : [];
    for (const ended of [lease, ...following]) this.#release(ended);
    entry.failures++;
    this.#host.record({ type: 'failed', subscription: this.name, messageId: entry.message.messageId });
    this.#report(lease, outcome);
    const redelivered = following.map((other) => other.entry);
    if (this.#deadLetter(lease)) this.#redeliver(redelivered, 0);
    else this.#redeliver([entry, ...redelivered], retryDelay(this.config.retryPolicy, entry.failures));
  }

  #deadLetter(lease: Lease): boolean {
    const { entry } = lease;
    if (!forwardDeadLetter(this.config, entry, this.#host.publishDeadLetter)) return false;
    this.#host.record({ type: 'ack', subscription: this.name, messageIds: [entry.message.messageId] });
    this.backlog.acknowledge(entry, this.config.retainAckedMessages ?? false);
    this.#report(lease, 'dead-lettered');
    return true;
  }

  #redeliver(entries: Entry[], delayMs: number): void {
    if (entries.length === 0) return;
    const letGo = this.backlog.hold(entries[0]);
    const resume = () => {
      letGo();
      for (const entry of entries) this.backlog.makeReady(entry);
      this.wake();
    };
    if (delayMs === 0) resume();
    else this.#timers.after(delayMs, resume);
  }

  #release(lease: Lease): void {
    this.#leases.revoke(lease);
    this.backlog.release(lease.entry);
    lease.consumer.released(lease);
    this.wake();
  }

  #report({ message, attempt }: Lease, outcome: DeliveryOutcome): void {
    this.#host.onDelivery({ subscription: this.name, messageId: message.messageId, attempt, outcome });
  }

  #drop(reason: StatusError): void {
    this.#endConsumers(reason);
    for (const lease of [...this.#leases.all()]) this.#release(lease);
    this.#timers.cancel();
    this.#arrivals = [];
  }

  #endConsumers(reason: StatusError): void {
    this.#consumers.end(reason);
    this.destination = undefined;
  }

  #horizon(): number {
    return this.#host.clock.now() - this.config.messageRetentionDuration;
  }
}
