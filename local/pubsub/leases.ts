import { randomBytes } from 'node:crypto';
import type { Entry } from './backlog.ts';
import type { Clock } from './clock.ts';
import type { Consumer, Delivery } from './consumer.ts';

/** A delivery whose outcome isn't known yet. */
export interface Lease extends Delivery {
  readonly entry: Entry;
  readonly consumer: Consumer;
}

/** Makes this process's acknowledgement ids differ from those of the process before it. */
const PROCESS_NONCE = randomBytes(6).toString('base64url');
let issued = 0;

/** The deliveries of one subscription that are outstanding, each with its deadline. */
export class Leases {
  readonly #clock: Clock;
  readonly #onExpired: (lease: Lease) => void;
  readonly #leases = new Map<string, { lease: Lease; cancelDeadline: () => void }>();

  constructor(clock: Clock, onExpired: (lease: Lease) => void) {
    this.#clock = clock;
    this.#onExpired = onExpired;
  }

  get size(): number {
    return this.#leases.size;
  }

  grant(entry: Entry, consumer: Consumer, deadlineMs: number): Lease {
    const { message } = entry;
    const ackId = `${message.messageId}:${(++issued).toString(36)}:${PROCESS_NONCE}`;
    const lease: Lease = { ackId, message, attempt: entry.failures + 1, entry, consumer };
    this.#leases.set(ackId, { lease, cancelDeadline: this.#deadline(lease, deadlineMs) });
    return lease;
  }

  get(ackId: string): Lease | undefined {
    return this.#leases.get(ackId)?.lease;
  }

  extend(ackId: string, deadlineMs: number): void {
    const held = this.#leases.get(ackId);
    if (!held) return;
    held.cancelDeadline();
    held.cancelDeadline = this.#deadline(held.lease, deadlineMs);
  }

  /** Ends the lease; its acknowledgement id is worth nothing from now on. */
  revoke(lease: Lease): void {
    this.#leases.get(lease.ackId)?.cancelDeadline();
    this.#leases.delete(lease.ackId);
  }

  *all(): Generator<Lease> {
    for (const { lease } of this.#leases.values()) yield lease;
  }

  #deadline(lease: Lease, deadlineMs: number): () => void {
    return this.#clock.after(deadlineMs, () => this.#onExpired(lease));
  }
}

/** Whether the text could be an acknowledgement id, current or not. */
export function isAckId(text: string): boolean {
  return /^\d+:[\da-z]+:[\w-]{8}$/.test(text);
}
