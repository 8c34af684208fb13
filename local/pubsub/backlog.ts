import type { StoredMessage } from './message.ts';
import { type Allowance, ReadyQueue } from './ready-queue.ts';

/** One message in one subscription. */
export interface Entry {
  readonly message: StoredMessage;
  /**
   * `ready` to be delivered; `outstanding` with a subscriber; `waiting` for the publish response to go out or for
   * the retry policy's backoff; `acked` and kept because the subscription retains acknowledged messages.
   */
  state: 'ready' | 'outstanding' | 'waiting' | 'acked';
  /** Negative acknowledgements and expired deadlines so far. */
  failures: number;
}

/** What a subscription has to deliver, and the acknowledged messages that it retains. */
export class Backlog {
  readonly #entries = new Map<string, Entry>();
  readonly #queue: ReadyQueue;

  constructor(ordered: boolean) {
    this.#queue = new ReadyQueue(ordered);
  }

  /** Adds a message that is not deliverable yet; `makeReady` is what makes it so. */
  add(message: StoredMessage, failures = 0): Entry {
    const entry: Entry = { message, state: 'waiting', failures };
    this.#entries.set(message.messageId, entry);
    return entry;
  }

  get(messageId: string): Entry | undefined {
    return this.#entries.get(messageId);
  }

  entries(): IterableIterator<Entry> {
    return this.#entries.values();
  }

  *unacked(): Generator<Entry> {
    for (const entry of this.#entries.values()) if (entry.state !== 'acked') yield entry;
  }

  /** Lets a waiting entry be delivered; one that was acknowledged or dropped meanwhile stays so. */
  makeReady(entry: Entry): void {
    if (entry.state !== 'waiting' || this.#entries.get(entry.message.messageId) !== entry) return;
    entry.state = 'ready';
    this.#queue.add(entry);
  }

  /** Takes deliverable entries, which become outstanding, and drops those published before the horizon. */
  take(allowance: Allowance, horizon: number): Entry[] {
    const taken: Entry[] = [];
    for (;;) {
      const entries = this.#queue.take({ ...allowance, messages: allowance.messages - taken.length });
      if (entries.length === 0) return taken;
      for (const entry of entries) {
        if (entry.message.publishTime >= horizon) {
          entry.state = 'outstanding';
          taken.push(entry);
        } else {
          this.#queue.settle(entry);
          this.#entries.delete(entry.message.messageId);
        }
      }
      if (taken.length > 0) return taken;
    }
  }

  /** The entry comes back from its subscriber, to be acknowledged or made ready again. */
  release(entry: Entry): void {
    this.#queue.settle(entry);
    entry.state = 'waiting';
  }

  acknowledge(entry: Entry, retain: boolean): void {
    if (retain) entry.state = 'acked';
    else this.#entries.delete(entry.message.messageId);
  }

  /** See `ReadyQueue.hold`. */
  hold(entry: Entry): () => void {
    return this.#queue.hold(entry);
  }

  /** Whether `other` must be redelivered when `entry` is, because it follows it under the same ordering key. */
  follows(other: Entry, entry: Entry): boolean {
    return this.#queue.sharesLane(entry, other) && other.message.sequence > entry.message.sequence;
  }

  /** Sets which messages are acknowledged, bringing back those that something else retained. */
  seek(
    retained: Iterable<StoredMessage>,
    isAcked: (message: StoredMessage) => boolean,
    retain: boolean,
  ): void {
    for (const message of retained) if (!this.#entries.has(message.messageId)) this.add(message);
    const inOrder = [...this.#entries.values()].sort((a, b) => a.message.sequence - b.message.sequence);
    this.#queue.clear();
    for (const entry of inOrder) {
      if (isAcked(entry.message)) {
        this.acknowledge(entry, retain);
      } else {
        entry.state = 'waiting';
        entry.failures = 0;
        this.makeReady(entry);
      }
    }
  }

  /** Drops what was published before the horizon, except what a subscriber has. */
  prune(horizon: number): void {
    for (const [messageId, entry] of this.#entries) {
      const isExpired = entry.message.publishTime < horizon && entry.state !== 'outstanding';
      if (isExpired) this.#entries.delete(messageId);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#queue.clear();
  }
}
