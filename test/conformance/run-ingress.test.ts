import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INVOKER, startFunction, USER } from './run-fixture.ts';

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

it('checks X-Serverless-Authorization where it is given, and hands Authorization on as it came', async () => {
  const { uri: audience } = running.declaration;
  const token = await running.network.tokens.identityToken({ email: INVOKER, audience });
  const both = { 'x-serverless-authorization': `Bearer ${token}`, authorization: 'Bearer made.up' };
  const { status, body } = await running.call('/', { headers: both });
  expect(status).toBe(201);
  expect(body.headers).toMatchObject({
    authorization: 'Bearer made.up',
    'x-serverless-authorization': expect.stringMatching(/\.SIGNATURE_REMOVED_BY_GOOGLE$/),
  });
  const forged = { 'x-serverless-authorization': 'Bearer made.up.token', authorization: `Bearer ${token}` };
  expect((await running.call('/', { headers: forged })).status).toBe(401);
});

it('lets a user pass whom IAM lets invoke the function, and knows them from service accounts', async () => {
  expect((await running.call('/', { email: USER })).status).toBe(201);
  const { status, text } = await running.call('/', { email: 'nobody@example.com' });
  expect([status, text]).toEqual([403, expect.stringContaining('user:nobody@example.com')]);
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
