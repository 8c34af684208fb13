import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { LocalNetwork } from '../../local/network/network.ts';
import { Tokens } from '../../local/network/tokens.ts';
import { type Services, startServices, TEST_PROJECT } from './harness.ts';

const stateDir = mkdtempSync(join(tmpdir(), 'baton-test-'));
const EMAIL = `deploy@${TEST_PROJECT}.iam.gserviceaccount.com`;
let services: Services;
let metadataUrl: string;

beforeAll(async () => {
  services = await startServices({ stateDir });
  const environment = await services.network.environment({ serviceAccount: EMAIL, project: TEST_PROJECT });
  metadataUrl = `http://${environment.GCE_METADATA_HOST}/computeMetadata/v1`;
});
afterAll(async () => {
  await services.close();
  rmSync(stateDir, { recursive: true });
});

afterEach(() => {
  vi.useRealTimers();
});

async function metadata(path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${metadataUrl}${path}`, { headers: { 'metadata-flavor': 'Google' } });
  expect(response.headers.get('metadata-flavor')).toBe('Google');
  return { status: response.status, text: await response.text() };
}

test("the metadata server tells of its service account and its account's project", async () => {
  const account = '/instance/service-accounts/default';

  expect(await metadata(`${account}/email`)).toEqual({ status: 200, text: EMAIL });
  expect(await metadata(`/instance/service-accounts/${EMAIL}/email`)).toEqual({ status: 200, text: EMAIL });
  expect(JSON.parse((await metadata(`${account}/?recursive=true`)).text)).toEqual({
    aliases: ['default'],
    email: EMAIL,
    scopes: ['https://www.googleapis.com/auth/cloud-platform'],
  });
  expect(await metadata('/project/project-id')).toEqual({ status: 200, text: TEST_PROJECT });
  expect((await metadata('/project/numeric-project-id')).text).toMatch(/^\d{12}$/);
  expect((await metadata('/instance/region')).text).toMatch(/^projects\/\d{12}\/regions\/us-central1$/);
  expect(await metadata('/universe/universe-domain')).toEqual({ status: 200, text: 'googleapis.com' });
  expect((await metadata('/instance/attributes/cluster-name')).status).toBe(404);
  expect((await metadata('/instance/service-accounts/other@example.com/email')).status).toBe(404);
});

test("the metadata server's access token names its account", async () => {
  const token = JSON.parse((await metadata('/instance/service-accounts/default/token')).text);

  expect(token).toMatchObject({ token_type: 'Bearer', access_token: expect.stringMatching(/^ya29\./) });
  expect(services.network.tokens.authenticate(`Bearer ${token.access_token}`)).toEqual({
    principal: `serviceAccount:${EMAIL}`,
    project: TEST_PROJECT,
  });
});

test('the metadata server refuses a request without its header', async () => {
  expect((await fetch(`${metadataUrl}/project/project-id`)).status).toBe(403);
});

test('an identity token is valid for its audience only, and at its issuer only', async () => {
  const audience = 'https://train-123.a.run.app';
  const { text } = await metadata(`/instance/service-accounts/default/identity?audience=${audience}`);
  const { tokens } = services.network;

  expect(await tokens.verifyIdentityToken(`Bearer ${text}`, ['https://other', audience])).toEqual({
    audience,
    email: EMAIL,
  });
  await expect(tokens.verifyIdentityToken(text, ['https://other'])).rejects.toMatchObject({
    status: 'UNAUTHENTICATED',
  });
  await expect(new Tokens().verifyIdentityToken(text, [audience])).rejects.toMatchObject({
    status: 'UNAUTHENTICATED',
  });
});

test('an access token is renewed before it expires, and then names nobody', () => {
  const { tokens } = services.network;
  const caller = { principal: 'user:a@example.com', project: 'p' };
  vi.useFakeTimers({ toFake: ['Date'] });
  const { token, expiresInSeconds } = tokens.accessToken(caller);
  expect(tokens.authenticate(`Bearer ${token}`)).toEqual(caller);

  vi.setSystemTime(Date.now() + (expiresInSeconds - 200) * 1000);
  expect(tokens.accessToken(caller).token).not.toBe(token);
  expect(tokens.authenticate(`Bearer ${token}`)).toEqual(caller);

  vi.setSystemTime(Date.now() + 201_000);
  expect(() => tokens.authenticate(`Bearer ${token}`)).toThrow(/expired/);
});

test('a second start trusts the same authority, whose key only its owner can read', async () => {
  const second = await LocalNetwork.open({ stateDir, onLint: () => {} });
  await second.close();

  expect(second.caPem).toBe(services.network.caPem);
  expect(statSync(join(stateDir, 'tls', 'ca.key')).mode & 0o777).toBe(0o600);
});

test('a routed host leads to a plain server on this machine, over TLS', async () => {
  const server = createServer((request, response) =>
    response.end(`${request.method} ${request.headers.host}`),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  services.network.route('*.a.run.app', (server.address() as AddressInfo).port);
  const { GoogleAuth } = await import('google-auth-library');

  const { data } = await new GoogleAuth().request<string>({
    url: 'https://train-123.a.run.app/',
    responseType: 'text',
  });

  expect(data).toBe('GET train-123.a.run.app');
  server.close();
  server.closeAllConnections();
});
