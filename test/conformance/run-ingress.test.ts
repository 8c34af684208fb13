import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFunction } from './run-fixture.ts';

let running: Awaited<ReturnType<typeof startFunction>>;
beforeAll(async () => {
  running = await startFunction();
});
afterAll(() => running.close());

describe('the ingress refuses, and starts nothing for,', () => {
  it.each([
    ['no token', { token: '' }, 403],
    ['a forged token', { token: 'a.b.c' }, 401],
    ['a token for another audience', { audience: 'https://other-123456789012.us-central1.run.app' }, 401],
    ['an identity that may not invoke the function', { email: 'train@p.iam.gserviceaccount.com' }, 403],
  ])('%s', async (_case, options, status) => {
    expect((await running.call('/', options)).status).toBe(status);
    expect(running.service.instanceCount).toBe(0);
    expect(running.log.at(-1)).toMatchObject({ severity: 'WARNING', project: 'p' });
  });
});

it('names the missing permission, the principal and the function', async () => {
  const { text } = await running.call('/', { email: 'train@p.iam.gserviceaccount.com' });
  expect(text).toContain('run.routes.invoke');
  expect(text).toContain('serviceAccount:train@p.iam.gserviceaccount.com');
  expect(text).toContain('projects/p/locations/us-central1/services/probe');
});

it('tells the function who calls, without a token that it could use', async () => {
  const { body } = await running.call('/some/path?x=1');
  expect(body.headers.authorization).toMatch(/^Bearer [^.]+\.[^.]+\.SIGNATURE_REMOVED_BY_GOOGLE$/);
  expect(body.headers.host).toBe('probe-123456789012.us-central1.run.app');
});

it("is reached by the function's own URL through the local network", async () => {
  const port = await running.ingress.listen();
  running.network.route('*.us-central1.run.app', port);
  const { uri: audience } = running.declaration;
  const email = 'pubsub-push@p.iam.gserviceaccount.com';
  const token = await running.network.tokens.identityToken({ email, audience });
  const { Gaxios } = await import('gaxios');
  const response = await new Gaxios().request<{ body: unknown }>({
    url: running.declaration.uri,
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    data: { through: 'the proxy' },
  });
  expect(response.status).toBe(201);
  expect(response.data.body).toEqual({ through: 'the proxy' });
});

it('a URL of no function is not found', async () => {
  const response = await running.ingress.handle('https://nobody-1.us-central1.run.app/', {
    method: 'POST',
    headers: {},
    body: Buffer.alloc(0),
  });
  expect(response.status).toBe(404);
});
