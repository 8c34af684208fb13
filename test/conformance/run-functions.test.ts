import { afterEach, describe, expect, it, vi } from 'vitest';
import { eventually } from '../eventually.ts';
import { isAlive, startFunction } from './run-fixture.ts';

let running: Awaited<ReturnType<typeof startFunction>>;
afterEach(() => running.close());

describe('scaling', () => {
  it('starts an instance on the first request, and not before', async () => {
    running = await startFunction();
    expect(running.service.instanceCount).toBe(0);
    const { status, body } = await running.call('/');
    expect(status).toBe(201);
    expect(body.body).toEqual({ hello: 'there' });
    expect(body.env).toEqual({
      K_SERVICE: 'probe',
      K_REVISION: expect.stringMatching(/^probe-00001-/),
      GREETING: 'hello',
      GOOGLE_CLOUD_PROJECT: 'p',
    });
    expect(running.service.instanceCount).toBe(1);
  });

  it('stops an instance that has had nothing to do', async () => {
    running = await startFunction({ idleMs: 50 });
    const { body } = await running.call('/');
    await vi.waitFor(() => expect(isAlive(body.pid)).toBe(false), { timeout: 60_000 });
    expect(running.service.instanceCount).toBe(0);
    const again = await running.call('/');
    expect(again.status).toBe(201);
    expect(again.body.pid).not.toBe(body.pid);
  });

  it('serves as many requests at once by one instance as it may, and further ones by another', async () => {
    running = await startFunction({ concurrency: 3 });
    const first = await running.call('/');
    const held = [running.call('/hold'), running.call('/hold'), running.call('/hold')];
    await eventually(() => expect(running.service.activeRequests).toBe(3));
    const fourth = await running.call('/');
    expect(fourth.body.pid).not.toBe(first.body.pid);
    expect(running.service.instanceCount).toBe(2);
    await running.functions.close();
    await Promise.all(held);
  });

  it('keeps requests waiting when all instances it may have are busy', async () => {
    running = await startFunction({ concurrency: 2, maxInstances: 1 });
    const answers = await Promise.all(Array.from({ length: 6 }, () => running.call('/')));
    expect(new Set(answers.map(({ body }) => body.pid)).size).toBe(1);
    expect(Math.max(...answers.map(({ body }) => body.most))).toBeLessThanOrEqual(2);
  });

  it('gives one instance requests at the same time', async () => {
    running = await startFunction({ concurrency: 3, maxInstances: 1 });
    const answers = await Promise.all(Array.from({ length: 3 }, () => running.call('/gather')));
    expect(new Set(answers.map(({ body }) => body.pid)).size).toBe(1);
    expect(answers.map(({ body }) => body.most)).toEqual([3, 3, 3]);
  });
});

describe('failing', () => {
  it('cuts a request that takes longer than the function may', async () => {
    running = await startFunction({ timeoutSeconds: 1 });
    const { status, text } = await running.call('/hold');
    expect(status).toBe(504);
    expect(text).toContain('maximum request timeout');
  });

  it('answers 503 when the instance dies, and the next request by another', async () => {
    running = await startFunction();
    expect((await running.call('/die')).status).toBe(503);
    expect((await running.call('/')).status).toBe(201);
  });

  it('answers 503 and says why when the function cannot start', async () => {
    running = await startFunction({ entryPoint: 'missing' });
    const { status, text } = await running.call('/');
    expect(status).toBe(503);
    expect(text).toContain('services/probe');
    expect(running.log.map(({ textPayload }) => textPayload).join('\n')).toContain(
      "Function 'missing' is not defined",
    );
  });
});

it('writes what an instance prints into the log', async () => {
  running = await startFunction();
  await running.call('/log');
  await eventually(() =>
    expect(running.log).toContainEqual(
      expect.objectContaining({
        project: 'p',
        severity: 'WARNING',
        jsonPayload: { message: 'seen', stage: 'train' },
        resource: { type: 'cloud_run_revision', labels: expect.objectContaining({ service_name: 'probe' }) },
      }),
    ),
  );
});
