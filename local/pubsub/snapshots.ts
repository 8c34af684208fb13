import type { Clock } from './clock.ts';
import { checkName, invalidArgument } from './errors.ts';
import { type SnapshotConfig, snapshotExpiry } from './snapshot.ts';
import { checkAbsent, type Store } from './store.ts';

/** Keeps a subscription's acknowledgement state. @throws ALREADY_EXISTS, NOT_FOUND, FAILED_PRECONDITION */
export function createSnapshot(
  store: Store,
  clock: Clock,
  request: { name: string; subscription: string; labels: Record<string, string> },
): SnapshotConfig {
  const { name, labels } = request;
  checkName('snapshots', name);
  checkAbsent(store.state.snapshots, name);
  const subscription = store.subscription(request.subscription);
  const unacked = [...subscription.backlog.unacked()].map(({ message }) => message);
  const expireTime = snapshotExpiry(clock.now(), unacked);
  const config: SnapshotConfig = { name, topic: subscription.config.topic, labels, expireTime };
  store.commit({ type: 'snapshot', config, subscription: subscription.name, next: store.state.next });
  return config;
}

/** Acknowledges what was published before the time, and takes back the acknowledgement of the rest. @throws NOT_FOUND */
export function seekToTime(store: Store, subscription: string, time: number): void {
  store.subscription(subscription);
  store.commit({ type: 'seek', subscription, time });
}

/** Gives the subscription the snapshot's state. @throws NOT_FOUND, INVALID_ARGUMENT when their topics differ */
export function seekToSnapshot(store: Store, subscription: string, snapshot: string): void {
  const { topic } = store.subscription(subscription).config;
  const { config } = store.snapshot(snapshot);
  if (config.topic !== topic) {
    throw invalidArgument(
      `The snapshot ${snapshot} is of the topic ${config.topic}, the subscription ${subscription} of ${topic}: both must be on the same topic.`,
    );
  }
  store.commit({ type: 'seek-snapshot', subscription, snapshot });
}
