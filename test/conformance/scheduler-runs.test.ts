import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../eventually.ts';
import {
  httpTarget,
  MINUTE_MS,
  newName,
  PARENT,
  pubsubTarget,
  type SchedulerService,
  settled,
  startScheduler,
  TOPIC,
} from './scheduler-service.ts';

let service: SchedulerService;
let client: SchedulerService['client'];
let clock: SchedulerService['clock'];
let messages: SchedulerService['messages'];
let requests: SchedulerService['requests'];
beforeAll(async () => {
  service = await startScheduler();
  ({ client, clock, messages, requests } = service);
});
beforeEach(() => service.clear());
afterAll(() => service.close());

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
    service.answer = () => new Promise((resolve) => pending.push(() => resolve({ status: 200 })));
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
    service.answer = () => new Promise((resolve) => pending.push(() => resolve({ status: 200 })));
    const name = newName();
    await client.createJob({ parent: PARENT, job: { name, schedule: '0 0 1 1 *', httpTarget } });
    await client.runJob({ name });
    await client.runJob({ name });
    await client.runJob({ name });
    expect(requests).toHaveLength(1);
    pending[0]!();
    await eventually(() => expect(requests).toHaveLength(2));
    pending[1]!();
    await settled();
    expect(requests).toHaveLength(2);
  });

  test('a failed attempt is retried as often as the job allows, with backoff', async () => {
    service.answer = async () => ({ status: 503 });
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
    service.answer = () => Promise.reject(new Error('connection refused'));
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
    await eventually(() => expect(messages).toHaveLength(1));
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
    const first = service.schedulerIn(folder);
    first.declareJob(declaration);
    first.declareJob(declaration);
    await clock.advance(2 * MINUTE_MS);
    first.close();
    await clock.advance(2 * MINUTE_MS);
    expect(messages).toHaveLength(2);
    const second = service.schedulerIn(folder);
    await clock.advance(2 * MINUTE_MS);
    expect(messages).toHaveLength(4);
    second.close();
    rmSync(folder, { recursive: true });
  });
});
