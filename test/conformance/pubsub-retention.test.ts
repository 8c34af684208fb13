import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PubSub } from '../../local/pubsub/broker.ts';
import type { Clock } from '../../local/pubsub/clock.ts';
import { createSnapshot } from '../../local/pubsub/snapshots.ts';

const TOPIC = 'projects/test-project/topics/timed';
const SUBSCRIPTION = 'projects/test-project/subscriptions/timed-sub';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A clock that stands still until it is moved, and then runs the timers on its way. */
class ManualClock implements Clock {
  #now = Date.UTC(2026, 0, 1);
  #timers: { at: number; action: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(delayMs: number, action: () => void): () => void {
    const timer = { at: this.#now + delayMs, action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  move(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#now = next.at;
      next.action();
    }
    this.#now = end;
  }
}

let stateDir: string;
let clock: ManualClock;
let broker: PubSub;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'baton-retention-'));
  clock = new ManualClock();
  const transport = { identityToken: async () => '', post: async () => ({ status: 204 }) };
  broker = new PubSub({ stateDir, clock, transport });
  broker.start();
  broker.createTopic({ name: TOPIC });
});
afterEach(() => {
  broker.close();
  rmSync(stateDir, { recursive: true, force: true });
});

const subscribe = (options: object = {}) =>
  broker.createSubscription({ name: SUBSCRIPTION, topic: TOPIC, expirationPolicy: { ttl: '' }, ...options });
const publish = (text: string) => broker.publish(TOPIC, [{ data: Buffer.from(text) }]);

test('an unacknowledged message is dropped after the retention, and not before', () => {
  subscribe({ messageRetentionDuration: '3600s' });
  publish('x');
  clock.move(HOUR - 60_000);
  expect(broker.statistics(SUBSCRIPTION).unacked).toBe(1);
  clock.move(2 * 60_000);
  expect(broker.statistics(SUBSCRIPTION).unacked).toBe(0);
});

test('a subscription that nobody uses expires with its ttl; one without a ttl never does', () => {
  subscribe();
  const idle = `${SUBSCRIPTION}-idle`;
  broker.createSubscription({ name: idle, topic: TOPIC, expirationPolicy: { ttl: '86400s' } });
  clock.move(DAY - HOUR);
  expect(broker.statistics(idle).unacked).toBe(0);
  clock.move(2 * HOUR);
  expect(() => broker.statistics(idle)).toThrow('Resource not found (resource=timed-sub-idle).');
  expect(broker.statistics(SUBSCRIPTION).unacked).toBe(0);
});

test('a snapshot expires seven days after its oldest message', () => {
  subscribe();
  publish('old');
  clock.move(2 * DAY);
  const name = 'projects/test-project/snapshots/weekly';
  const { expireTime } = createSnapshot(broker.store, clock, {
    name,
    subscription: SUBSCRIPTION,
    labels: {},
  });
  expect(expireTime - clock.now()).toBe(5 * DAY);
  clock.move(5 * DAY - HOUR);
  expect(broker.store.snapshot(name).config.name).toBe(name);
  clock.move(2 * HOUR);
  expect(() => broker.store.snapshot(name)).toThrow('Resource not found (resource=weekly).');
});

test('a snapshot of a backlog about to be dropped is refused', () => {
  subscribe({ messageRetentionDuration: `${31 * 86_400}s` });
  publish('old');
  clock.move(7 * DAY - HOUR / 2);
  const name = 'projects/test-project/snapshots/too-late';
  expect(() => createSnapshot(broker.store, clock, { name, subscription: SUBSCRIPTION, labels: {} })).toThrow(
    'would expire in less than 1 hour',
  );
});

test('a topic retains messages for seeks as long as it says, and longer for a snapshot', () => {
  broker.declareTopic({ name: TOPIC, messageRetentionDuration: '3600s' });
  subscribe();
  const log = () => broker.store.topic(TOPIC).log.map(({ data }) => Buffer.from(data).toString());
  publish('before');
  const name = 'projects/test-project/snapshots/holds';
  createSnapshot(broker.store, clock, { name, subscription: SUBSCRIPTION, labels: {} });
  publish('after');
  clock.move(2 * HOUR);
  expect(log()).toEqual(['after']);
  broker.store.commit({ type: 'snapshot-deleted', name });
  clock.move(HOUR);
  expect(log()).toEqual([]);
});
