import type { JournalRecord } from './journal-record.ts';
import type { StoredMessage } from './message.ts';
import type { State } from './state.ts';

/** Messages of one line of the journal: enough to be few lines, few enough to stay a short text. */
const MESSAGES_PER_LINE = 16;

/** The records that lead to the state, without its history. */
export function* compacted(state: State): Generator<JournalRecord> {
  yield { type: 'sequence', next: state.next };
  yield* messageLines(referredMessages(state));
  for (const topic of state.topics.values()) {
    yield { type: 'topic', config: topic.config };
    if (topic.log.length > 0) {
      yield { type: 'topic-log', topic: topic.name, messageIds: topic.log.map(({ messageId }) => messageId) };
    }
  }
  for (const { config, backlog } of state.subscriptions.values()) {
    yield { type: 'subscription', config };
    const entries = [...backlog.entries()].map(({ message, failures, state }): [string, number, boolean] => [
      message.messageId,
      failures,
      state === 'acked',
    ]);
    if (entries.length > 0) yield { type: 'backlog', subscription: config.name, entries };
  }
  for (const { config, unacked, next } of state.snapshots.values()) {
    yield { type: 'snapshot-content', config, messageIds: [...unacked.keys()], next };
  }
}

function referredMessages(state: State): Map<string, StoredMessage> {
  const messages = new Map<string, StoredMessage>();
  const refer = (message: StoredMessage) => messages.set(message.messageId, message);
  for (const topic of state.topics.values()) topic.log.forEach(refer);
  for (const { backlog } of state.subscriptions.values()) {
    for (const { message } of backlog.entries()) refer(message);
  }
  for (const snapshot of state.snapshots.values()) snapshot.unacked.forEach(refer);
  return messages;
}

function* messageLines(messages: Map<string, StoredMessage>): Generator<JournalRecord> {
  let line: StoredMessage[] = [];
  for (const message of messages.values()) {
    line.push(message);
    if (line.length < MESSAGES_PER_LINE) continue;
    yield { type: 'messages', messages: line };
    line = [];
  }
  if (line.length > 0) yield { type: 'messages', messages: line };
}
