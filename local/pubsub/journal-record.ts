import { fromJournaled, type JournaledMessage, type StoredMessage, toJournaled } from './message.ts';
import type { SnapshotConfig } from './snapshot.ts';
import type { SubscriptionConfig } from './subscription-config.ts';
import type { TopicConfig } from './topic-config.ts';

/** A fact about the broker. Its state is these, applied in order. */
export type JournalRecord =
  | { type: 'sequence'; next: number }
  | { type: 'topic'; config: TopicConfig }
  | { type: 'topic-deleted'; name: string }
  | { type: 'subscription'; config: SubscriptionConfig }
  | { type: 'subscription-deleted'; name: string }
  | { type: 'publish'; topic: string; messages: StoredMessage[] }
  | { type: 'ack'; subscription: string; messageIds: string[] }
  | { type: 'failed'; subscription: string; messageId: string }
  | { type: 'seek'; subscription: string; time: number }
  | { type: 'seek-snapshot'; subscription: string; snapshot: string }
  | { type: 'snapshot'; config: SnapshotConfig; subscription: string; next: number }
  | { type: 'snapshot-updated'; config: SnapshotConfig }
  | { type: 'snapshot-deleted'; name: string }
  | CompactedRecord;

/** What a compacted journal has in place of the history. Messages come once, then are named by their ids. */
export type CompactedRecord =
  | { type: 'messages'; messages: StoredMessage[] }
  | { type: 'topic-log'; topic: string; messageIds: string[] }
  | {
      type: 'backlog';
      subscription: string;
      entries: [messageId: string, failures: number, acked: boolean][];
    }
  | { type: 'snapshot-content'; config: SnapshotConfig; messageIds: string[]; next: number };

/** A record as one line of text. */
export function encodeRecord(record: JournalRecord): string {
  return JSON.stringify(
    'messages' in record ? { ...record, messages: record.messages.map(toJournaled) } : record,
  );
}

/** Reads a line that `encodeRecord` wrote. @throws SyntaxError for a line that was cut off */
export function decodeRecord(line: string): JournalRecord {
  const record: JournalRecord | { type: 'publish'; topic: string; messages: JournaledMessage[] } =
    JSON.parse(line);
  return 'messages' in record
    ? { ...record, messages: record.messages.map((message) => fromJournaled(message as JournaledMessage)) }
    : record;
}
