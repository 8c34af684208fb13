import type { google } from '@google-cloud/pubsub/build/protos/protos.js';
import { failedPrecondition } from './errors.ts';
import type { StoredMessage } from './message.ts';
import { DAY, HOUR, secondsAndNanos } from './time-values.ts';

export interface SnapshotConfig {
  name: string;
  topic: string;
  labels: Record<string, string>;
  /** Milliseconds since the epoch. */
  expireTime: number;
}

/** A subscription's acknowledgement state: what was unacknowledged, and everything published since. */
export interface Snapshot {
  config: SnapshotConfig;
  unacked: Map<string, StoredMessage>;
  /** Messages from this sequence on were published after the snapshot. */
  next: number;
}

const LIFETIME_MS = 7 * DAY;

/**
 * When a snapshot ends, in milliseconds: 7 days after its oldest message.
 *
 * @throws FAILED_PRECONDITION when it would live less than an hour
 */
export function snapshotExpiry(now: number, unacked: Iterable<StoredMessage>): number {
  let oldest = now;
  for (const message of unacked) oldest = Math.min(oldest, message.publishTime);
  const expireTime = oldest + LIFETIME_MS;
  if (expireTime - now >= HOUR) return expireTime;
  throw failedPrecondition(
    'The backlog in the subscription is too old: the resulting snapshot would expire in less than 1 hour.',
  );
}

/** Whether a seek to the snapshot makes the message acknowledged. */
export function isAckedIn(snapshot: Snapshot, message: StoredMessage): boolean {
  return message.sequence < snapshot.next && !snapshot.unacked.has(message.messageId);
}

export function toSnapshot(config: SnapshotConfig): google.pubsub.v1.ISnapshot {
  return { ...config, expireTime: secondsAndNanos(config.expireTime) };
}
