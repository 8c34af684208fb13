import type { Entry } from './backlog.ts';

/** The most that one delivery may take. */
export interface Allowance {
  messages: number;
  bytes: number;
  /** How many messages of one ordering key may be outstanding together: a push has them one by one. */
  perOrderingKey: number;
}

/** One ordering key's messages. While some are outstanding or held back, the others wait for them. */
interface Lane {
  entries: Entry[];
  outstanding: number;
  holds: number;
}

/** The messages that may be delivered now, in order of arrival, or by ordering key in order of publishing. */
export class ReadyQueue {
  readonly #ordered: boolean;
  #unkeyed = new Fifo<Entry>();
  #lanes = new Map<string, Lane>();
  /** Keys whose lane has messages and nothing outstanding. */
  #open = new Set<string>();

  constructor(ordered: boolean) {
    this.#ordered = ordered;
  }

  add(entry: Entry): void {
    const key = this.#keyOf(entry);
    if (!key) {
      this.#unkeyed.push(entry);
      return;
    }
    const lane = this.#lane(key);
    const { sequence } = entry.message;
    const later = lane.entries.findLastIndex((other) => other.message.sequence < sequence) + 1;
    lane.entries.splice(later, 0, entry);
    this.#reconsider(key, lane);
  }

  /** Takes entries out for delivery. Each one with an ordering key blocks its key until `settle`. */
  take(allowance: Allowance): Entry[] {
    const taken: Entry[] = [];
    let bytes = 0;
    const hasRoom = () => taken.length < allowance.messages && bytes < allowance.bytes;
    const accept = (entry: Entry) => {
      taken.push(entry);
      bytes += entry.message.data.length;
    };
    for (const key of this.#open) {
      if (!hasRoom()) break;
      const lane = this.#lane(key);
      while (lane.entries.length > 0 && lane.outstanding < allowance.perOrderingKey && hasRoom()) {
        lane.outstanding++;
        accept(lane.entries.shift()!);
      }
      this.#reconsider(key, lane);
    }
    while (hasRoom()) {
      const entry = this.#unkeyed.shift();
      if (!entry) break;
      accept(entry);
    }
    return taken;
  }

  /** The entry is no longer outstanding. */
  settle(entry: Entry): void {
    const key = this.#keyOf(entry);
    const lane = this.#lanes.get(key);
    if (!lane) return;
    lane.outstanding = Math.max(0, lane.outstanding - 1);
    this.#reconsider(key, lane);
  }

  /** Keeps the entry's ordering key from being delivered until the returned function is called. */
  hold(entry: Entry): () => void {
    const key = this.#keyOf(entry);
    if (!key) return () => {};
    const lane = this.#lane(key);
    lane.holds++;
    this.#reconsider(key, lane);
    return () => {
      lane.holds--;
      if (this.#lanes.get(key) === lane) this.#reconsider(key, lane);
    };
  }

  /** Whether one message's redelivery takes the later ones of its key along. */
  sharesLane(entry: Entry, other: Entry): boolean {
    const key = this.#keyOf(entry);
    return key !== '' && key === this.#keyOf(other);
  }

  clear(): void {
    this.#unkeyed = new Fifo();
    this.#lanes.clear();
    this.#open.clear();
  }

  #keyOf(entry: Entry): string {
    return this.#ordered ? entry.message.orderingKey : '';
  }

  #lane(key: string): Lane {
    let lane = this.#lanes.get(key);
    if (!lane) {
      lane = { entries: [], outstanding: 0, holds: 0 };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #reconsider(key: string, lane: Lane): void {
    const isIdle = lane.outstanding === 0 && lane.holds === 0;
    if (isIdle && lane.entries.length > 0) this.#open.add(key);
    else this.#open.delete(key);
    if (isIdle && lane.entries.length === 0) this.#lanes.delete(key);
  }
}

/** A queue whose `shift` costs the same however long it is. */
class Fifo<T> {
  #items: T[] = [];
  #head = 0;

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head++;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
