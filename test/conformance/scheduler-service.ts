import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MessageBroker, MessageInput } from '../../local/boundaries.ts';
import type { AttemptPorts } from '../../local/scheduler/attempts.ts';
import type { Clock } from '../../local/scheduler/clock.ts';
import { schedulerGrpc } from '../../local/scheduler/grpc.ts';
import { Scheduler } from '../../local/scheduler/scheduler.ts';
import { StatusError } from '../../local/status.ts';
import { startServices, TEST_PROJECT } from './harness.ts';

export const PARENT = `projects/${TEST_PROJECT}/locations/us-central1`;
export const TOPIC = `projects/${TEST_PROJECT}/topics/sweep`;
/** How long a minute of the schedules takes. */
export const MINUTE_MS = 1000;
const START = Date.UTC(2026, 0, 1);

export const pubsubTarget = { topicName: TOPIC, data: Buffer.from('sweep'), attributes: { by: 'schedule' } };
export const httpTarget = {
  uri: 'https://settle.example/run',
  httpMethod: 'POST' as const,
  body: Buffer.from('{}'),
};

let made = 0;
/** A name that no job has yet. */
export const newName = () => `${PARENT}/jobs/job-${++made}`;

/** Comes when what is under way has had its turn. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A clock that stands still until it is moved. */
class ManualClock implements Clock {
  #now = START;
  #timers: { due: number; action: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, action: () => void): () => void {
    const timer = { due: this.#now + ms, action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Moves on, running what falls due in order, and lets each action's consequences settle. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ due }) => due <= end).sort((a, b) => a.due - b.due);
      if (!next) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.due);
      next.action();
      await settled();
    }
    this.#now = end;
  }
}

type Request = Parameters<AttemptPorts['post']>[1] & { url: string };

export type SchedulerService = Awaited<ReturnType<typeof startScheduler>>;

/** The local Cloud Scheduler on a clock that tests move, with targets that keep what they get, and the official client. */
export async function startScheduler() {
  const stateDir = mkdtempSync(join(tmpdir(), 'baton-scheduler-'));
  const clock = new ManualClock();
  const messages: MessageInput[] = [];
  const requests: Request[] = [];
  const fine = async (_request: Request) => ({ status: 200 });

  const broker: MessageBroker = {
    hasTopic: (topic) => topic === TOPIC,
    createTopic: () => {},
    createSubscription: () => {},
    publish: (topic, published) => {
      if (topic !== TOPIC) throw new StatusError('NOT_FOUND', `Resource not found (resource=${topic}).`);
      messages.push(...published);
      return published.map(() => '1');
    },
  };
  const ports: AttemptPorts = {
    broker,
    identityToken: (serviceAccountEmail, audience) => `token(${serviceAccountEmail},${audience})`,
    post: (url, request) => {
      requests.push({ url, ...request });
      return service.answer({ url, ...request });
    },
  };
  /** A scheduler that keeps its jobs in a folder. */
  const schedulerIn = (folder: string) =>
    new Scheduler({ ...ports, stateDir: folder, clock, minuteMs: MINUTE_MS });

  const scheduler = schedulerIn(stateDir);
  const services = await startServices({ grpc: [schedulerGrpc(scheduler)], stateDir });
  const { CloudSchedulerClient } = await import('@google-cloud/scheduler');
  const client = new CloudSchedulerClient();
  const service = {
    ...{ client, clock, messages, requests, schedulerIn },
    /** How the target answers; a test may put its own in. */
    answer: fine,
    /** Leaves no job, and nothing of what the last test did. */
    clear() {
      for (const { name } of scheduler.listJobs(PARENT)) scheduler.deleteJob(name);
      service.answer = fine;
      messages.length = 0;
      requests.length = 0;
    },
    async close() {
      await client.close();
      scheduler.close();
      await services.close();
      rmSync(stateDir, { recursive: true });
    },
  };
  return service;
}
