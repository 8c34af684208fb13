import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CloudSchedulerClient } from '@google-cloud/scheduler';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { MessageBroker, MessageInput } from '../../local/boundaries.ts';
import type { AttemptPorts } from '../../local/scheduler/attempts.ts';
import type { Clock } from '../../local/scheduler/clock.ts';
import { schedulerGrpc } from '../../local/scheduler/grpc.ts';
import { Scheduler } from '../../local/scheduler/scheduler.ts';
import { StatusError } from '../../local/status.ts';
import { type Services, startServices, TEST_PROJECT } from './harness.ts';

const PARENT = `projects/${TEST_PROJECT}/locations/us-central1`;
const TOPIC = `projects/${TEST_PROJECT}/topics/sweep`;
const START = Date.UTC(2026, 0, 1);
const MINUTE_MS = 1000;

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

const settled = () => new Promise((resolve) => setImmediate(resolve));

type Request = Parameters<AttemptPorts['post']>[1] & { url: string };

const stateDir = mkdtempSync(join(tmpdir(), 'baton-scheduler-'));
const clock = new ManualClock();
const messages: MessageInput[] = [];
const requests: Request[] = [];
/** How the target answers; a test may put its own in. */
let answer: (request: Request) => Promise<{ status: number }>;

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
    return answer({ url, ...request });
  },
};

let scheduler: Scheduler;
let services: Services;
let client: CloudSchedulerClient;
let made = 0;

beforeAll(async () => {
  scheduler = new Scheduler({ ...ports, stateDir, clock, minuteMs: MINUTE_MS });
  services = await startServices({ grpc: [schedulerGrpc(scheduler)], stateDir });
  const { CloudSchedulerClient } = await import('@google-cloud/scheduler');
  client = new CloudSchedulerClient();
});
beforeEach(() => {
  for (const { name } of scheduler.listJobs(PARENT)) scheduler.deleteJob(name);
  answer = async () => ({ status: 200 });
  messages.length = 0;
  requests.length = 0;
});
afterAll(async () => {
  await client.close();
  scheduler.close();
  await services.close();
  rmSync(stateDir, { recursive: true });
});

const newName = () => `${PARENT}/jobs/job-${++made}`;
const pubsubTarget = { topicName: TOPIC, data: Buffer.from('sweep'), attributes: { by: 'schedule' } };
const httpTarget = {
  uri: 'https://settle.example/run',
  httpMethod: 'POST' as const,
  body: Buffer.from('{}'),
};

describe('the client', () => {
  test('a job is created, read, listed, changed and deleted', async () => {
    const name = newName();
    const [created] = await client.createJob({
      parent: PARENT,
      job: { name, schedule: '*/5 * * * *', timeZone: 'Europe/Zurich', pubsubTarget, description: 'sweeps' },
    });
    expect(created).toMatchObject({
      name,
      state: 'ENABLED',
      timeZone: 'Europe/Zurich',
      description: 'sweeps',
    });
    expect(String(created.pubsubTarget?.data)).toBe('sweep');
    expect((await client.listJobs({ parent: PARENT }))[0].map((job) => job.name)).toEqual([name]);
    const [updated] = await client.updateJob({
      job: { name, schedule: '0 3 * * *', description: 'ignored' },
      updateMask: { paths: ['schedule'] },
    });
    expect(updated).toMatchObject({
      schedule: '0 3 * * *',
      description: 'sweeps',
      timeZone: 'Europe/Zurich',
    });
    await client.deleteJob({ name });
    await expect(client.getJob({ name })).rejects.toMatchObject({ code: 5 });
  });

  test('a name is taken once', async () => {
    const job = { name: newName(), schedule: '* * * * *', pubsubTarget };
    await client.createJob({ parent: PARENT, job });
    await expect(client.createJob({ parent: PARENT, job })).rejects.toMatchObject({ code: 6 });
  });

  test.each([
    ['a schedule of four fields', { schedule: '* * * *', pubsubTarget }],
    ['an App Engine schedule', { schedule: 'every 5 minutes', pubsubTarget }],
    ['a minute that is none', { schedule: '60 * * * *', pubsubTarget }],
    ['a day that never comes', { schedule: '0 0 30 2 *', pubsubTarget }],
    ['a time zone that is none', { schedule: '* * * * *', timeZone: 'Mars/Olympus', pubsubTarget }],
    ['no target', { schedule: '* * * * *' }],
    ['an address that is none', { schedule: '* * * * *', httpTarget: { uri: 'settle' } }],
    ['an empty message', { schedule: '* * * * *', pubsubTarget: { topicName: TOPIC } }],
  ])('%s is refused', async (_, job) => {
    const create = client.createJob({ parent: PARENT, job: { name: newName(), ...job } });
    await expect(create).rejects.toMatchObject({ code: 3 });
  });

  test('an OAuth token is refused as not implemented', async () => {
    const oauthToken = { serviceAccountEmail: 'a@p.iam.gserviceaccount.com' };
    const job = { name: newName(), schedule: '* * * * *', httpTarget: { ...httpTarget, oauthToken } };
    await expect(client.createJob({ parent: PARENT, job })).rejects.toMatchObject({ code: 12 });
  });
});

describe('runs', () => {
  test('a job publishes each minute of the schedule, which a setting makes a second', async () => {
    const name = newName();
    await client.createJob({ parent: PARENT, job: { name, schedule: '* * * * *', pubsubTarget } });
    await clock.advance(5 * MINUTE_MS);
    expect(messages).toHaveLength(5);
    expect(messages[0]).toMatchObject({ attributes: { by: 'schedule' } });
    expect(String(Buffer.from(messages[0]!.data!))).toBe('sweep');
    const [job] = await client.getJob({ name });
    expect(Number(job.scheduleTime!.seconds) * 1000).toBe(clock.now() + MINUTE_MS);
    expect(job.status).toMatchObject({ code: 0 });
  });

  test('a job calls its target as its service account', async () => {
    const oidcToken = { serviceAccountEmail: 'sweeper@p.iam.gserviceaccount.com', audience: 'settle' };
    const job = {
      name: newName(),
      schedule: '*/2 * * * *',
      httpTarget: { ...httpTarget, oidcToken, headers: { 'Content-Type': 'application/json' } },
    };
    await client.createJob({ parent: PARENT, job });
    await clock.advance(2 * MINUTE_MS);
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      url: 'https://settle.example/run',
      method: 'POST',
      timeoutMs: 180_000,
      headers: {
        authorization: 'Bearer token(sweeper@p.iam.gserviceaccount.com,settle)',
        'content-type': 'application/json',
        'x-cloudscheduler': 'true',
        'x-cloudscheduler-jobname': job.name.split('/').at(-1),
      },
    });
    expect(String(requests[0]!.body)).toBe('{}');
  });

  test('the audience is the address unless it is told', async () => {
    const oidcToken = { serviceAccountEmail: 's@p.iam.gserviceaccount.com' };
    const job = { name: newName(), schedule: '* * * * *', httpTarget: { ...httpTarget, oidcToken } };
    await client.createJob({ parent: PARENT, job });
    await clock.advance(MINUTE_MS);
    expect(requests[0]!.headers.authorization).toBe(
      `Bearer token(s@p.iam.gserviceaccount.com,${httpTarget.uri})`,
    );
  });

  test('a job does not overlap with itself: times that come while it runs are skipped', async () => {
    const pending: (() => void)[] = [];
    answer = () => new Promise((resolve) => pending.push(() => resolve({ status: 200 })));
    await client.createJob({ parent: PARENT, job: { name: newName(), schedule: '* * * * *', httpTarget } });
    await clock.advance(4 * MINUTE_MS);
    expect(requests).toHaveLength(1);
    pending[0]!();
    await settled();
    await clock.advance(MINUTE_MS);
    expect(requests).toHaveLength(2);
    pending[1]!();
  });

  test('a run that is asked for while one is in flight follows it', async () => {
    const pending: (() => void)[] = [];
    answer = () => new Promise((resolve) => pending.push(() => resolve({ status: 200 })));
    const name = newName();
    await client.createJob({ parent: PARENT, job: { name, schedule: '0 0 1 1 *', httpTarget } });
    await client.runJob({ name });
    await client.runJob({ name });
    await client.runJob({ name });
    expect(requests).toHaveLength(1);
    pending[0]!();
    await vi.waitFor(() => expect(requests).toHaveLength(2));
    pending[1]!();
    await settled();
    expect(requests).toHaveLength(2);
  });

  test('a failed attempt is retried as often as the job allows, with backoff', async () => {
    answer = async () => ({ status: 503 });
    const name = newName();
    const retryConfig = { retryCount: 2, minBackoffDuration: { seconds: 60 }, maxDoublings: 5 };
    await client.createJob({ parent: PARENT, job: { name, schedule: '0 0 1 1 *', httpTarget, retryConfig } });
    await client.runJob({ name });
    await settled();
    await clock.advance(MINUTE_MS - 1);
    expect(requests).toHaveLength(1);
    await clock.advance(1);
    expect(requests).toHaveLength(2);
    await clock.advance(10 * MINUTE_MS);
    expect(requests).toHaveLength(3);
    const [job] = await client.getJob({ name });
    expect(job.status).toMatchObject({ code: 14, message: expect.stringContaining('503') });
  });

  test('a target that throws is a failed attempt, and the next one comes', async () => {
    answer = () => Promise.reject(new Error('connection refused'));
    const name = newName();
    await client.createJob({ parent: PARENT, job: { name, schedule: '* * * * *', httpTarget } });
    await clock.advance(2 * MINUTE_MS);
    expect(requests).toHaveLength(2);
    const [job] = await client.getJob({ name });
    expect(job.status).toMatchObject({ code: 14, message: 'connection refused' });
  });

  test('a topic that does not exist is told in the status', async () => {
    const name = newName();
    const nowhere = { ...pubsubTarget, topicName: 'projects/p/topics/none' };
    await client.createJob({ parent: PARENT, job: { name, schedule: '* * * * *', pubsubTarget: nowhere } });
    await clock.advance(MINUTE_MS);
    const [job] = await client.getJob({ name });
    expect(job.status).toMatchObject({ code: 5 });
  });

  test('a paused job rests until it is resumed, but runs when told', async () => {
    const name = newName();
    await client.createJob({ parent: PARENT, job: { name, schedule: '* * * * *', pubsubTarget } });
    expect((await client.pauseJob({ name }))[0]).toMatchObject({ state: 'PAUSED', scheduleTime: null });
    await expect(client.pauseJob({ name })).rejects.toMatchObject({ code: 9 });
    await clock.advance(3 * MINUTE_MS);
    expect(messages).toHaveLength(0);
    await client.runJob({ name });
    await vi.waitFor(() => expect(messages).toHaveLength(1));
    expect((await client.resumeJob({ name }))[0].state).toBe('ENABLED');
    await clock.advance(MINUTE_MS);
    expect(messages).toHaveLength(2);
  });

  test('a deleted job runs no more', async () => {
    const name = newName();
    await client.createJob({ parent: PARENT, job: { name, schedule: '* * * * *', pubsubTarget } });
    await client.deleteJob({ name });
    await clock.advance(3 * MINUTE_MS);
    expect(messages).toHaveLength(0);
  });

  test('declaring a job twice makes one, and a second start goes on with it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'baton-scheduler-'));
    const declaration = {
      name: newName(),
      schedule: '* * * * *',
      pubsubTarget: { topicName: TOPIC, attributes: { by: 'declaration' } },
    };
    const first = new Scheduler({ ...ports, stateDir: folder, clock, minuteMs: MINUTE_MS });
    first.declareJob(declaration);
    first.declareJob(declaration);
    await clock.advance(2 * MINUTE_MS);
    first.close();
    await clock.advance(2 * MINUTE_MS);
    expect(messages).toHaveLength(2);
    const second = new Scheduler({ ...ports, stateDir: folder, clock, minuteMs: MINUTE_MS });
    await clock.advance(2 * MINUTE_MS);
    expect(messages).toHaveLength(4);
    second.close();
    rmSync(folder, { recursive: true });
  });
});
