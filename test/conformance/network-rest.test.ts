import { once } from 'node:events';
import { Agent, request } from 'node:https';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { GoogleAuth } from 'google-auth-library';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RestModule } from '../../local/boundaries.ts';
import { StatusError } from '../../local/status.ts';
import { type Services, startServices } from './harness.ts';

const HOST = 'https://us-central1-things.googleapis.com';
const faults: unknown[] = [];
const begun = Promise.withResolvers<void>();
const hungUp = Promise.withResolvers<void>();

const things: RestModule = {
  hosts: ['*-things.googleapis.com'],
  register: (app) => {
    app.get('/v1/things/:thing', ({ params }) => params as object);
    app.post('/v1/things', ({ body }) => ({ parsed: body ?? null }));
    app.put('/v1/things', async ({ body }) => ({ bytes: (await buffer(body as Readable)).length }));
    app.post('/upload/v1/begun', async ({ body }) => {
      begun.resolve();
      await buffer(body as Readable).finally(() => hungUp.resolve());
    });
    app.post('/upload/v1/things', async ({ body }) => ({ raw: (await buffer(body as Readable)).toString() }));
    app.delete('/v1/things/:thing', () => {
      throw new StatusError('FAILED_PRECONDITION', 'It has changed.', {
        httpStatus: 412,
        reason: 'conditionNotMet',
      });
    });
    app.patch('/v1/things/:thing', () => {
      throw new TypeError('a defect');
    });
  },
};

let services: Services;
let auth: GoogleAuth;

beforeAll(async () => {
  services = await startServices({ rest: [things], onFault: (_subject, error) => faults.push(error) });
  auth = new GoogleAuth();
});
afterAll(() => services.close());

async function call(
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  data?: unknown,
  type?: string,
) {
  const response = await auth.request({
    url: `${HOST}${path}`,
    method,
    retry: false,
    validateStatus: () => true,
    ...(data !== undefined && { data }),
    ...(type && { headers: { 'content-type': type } }),
  });
  return { status: response.status, data: response.data };
}

test('a name with encoded slashes, and a long one, arrives as one decoded parameter', async () => {
  const long = 'é/'.repeat(300);

  expect((await call('GET', '/v1/things/a%2Fb%20c%25')).data).toEqual({ thing: 'a/b c%' });
  expect((await call('GET', `/v1/things/${encodeURIComponent(long)}`)).data).toEqual({ thing: long });
});

test('JSON is parsed, save on upload paths, where the bytes arrive as they were sent', async () => {
  const json = 'application/json; charset=UTF-8';

  expect((await call('POST', '/v1/things', '{"a": 1}', json)).data).toEqual({ parsed: { a: 1 } });
  expect((await call('POST', '/v1/things', '', json)).data).toEqual({ parsed: null });
  expect((await call('POST', '/upload/v1/things?name=x', '{"a": 1}', json)).data).toEqual({
    raw: '{"a": 1}',
  });
});

test('a body of another type arrives as a stream, whatever its size', async () => {
  const body = Buffer.alloc(5_000_000);

  expect((await call('PUT', '/v1/things', body, 'application/octet-stream')).data).toEqual({
    bytes: body.length,
  });
});

test('malformed JSON is an invalid argument', async () => {
  expect(await call('POST', '/v1/things', '{', 'application/json')).toMatchObject({
    status: 400,
    data: { error: { code: 400, status: 'INVALID_ARGUMENT', errors: [{ reason: 'parseError' }] } },
  });
});

test("a thrown status is Google's JSON error", async () => {
  expect(await call('DELETE', '/v1/things/x')).toEqual({
    status: 412,
    data: {
      error: {
        code: 412,
        message: 'It has changed.',
        status: 'FAILED_PRECONDITION',
        errors: [{ domain: 'global', reason: 'conditionNotMet', message: 'It has changed.' }],
      },
    },
  });
});

test('a defect of a route answers 500 and is reported', async () => {
  expect(await call('PATCH', '/v1/things/x')).toMatchObject({
    status: 500,
    data: { error: { status: 'INTERNAL' } },
  });
  expect(faults).toContainEqual(new TypeError('a defect'));
});

test('a caller that hangs up in the middle of an upload is no defect', async () => {
  const headers = { ...Object.fromEntries(await auth.getRequestHeaders()), 'content-length': '1000' };
  const agent = new Agent({ proxyEnv: process.env });
  const upload = request(`${HOST}/upload/v1/begun`, { method: 'POST', agent, headers });
  const broken = once(upload, 'error');
  upload.write('the first bytes of many');
  await begun.promise;
  upload.destroy(new Error('killed'));
  await broken;
  await hungUp.promise;
  // Whatever is told of it has been told when the next call is answered.
  await call('GET', '/v1/things/x');
  expect(faults.map(String)).not.toContainEqual(expect.stringContaining('aborted'));
});

test('an unknown route answers 501 with its method and path', async () => {
  expect(await call('GET', '/v2/things?page=1')).toMatchObject({
    status: 501,
    data: { error: { message: `GET ${HOST}/v2/things is not implemented by the local cloud.` } },
  });
});
