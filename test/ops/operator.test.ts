import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname, userInfo } from 'node:os';
import { GoogleAuth } from 'google-auth-library';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operator } from '../../ops/operator.ts';

/** Google's token endpoints, as far as whose a user's credentials are. */
let email: string | undefined;
const google = createServer((request, response) => {
  const answer = request.url?.startsWith('/tokeninfo')
    ? { email, expires_in: 3599, scope: 'openid' }
    : { access_token: 'ya29.token', expires_in: 3599 };
  response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
});

let at: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => google.listen(0, '127.0.0.1', resolve));
  at = `http://127.0.0.1:${(google.address() as AddressInfo).port}`;
});
afterAll(() => google.close());

const ofUser = () =>
  new GoogleAuth({
    credentials: { type: 'authorized_user', client_id: 'i', client_secret: 's', refresh_token: 'r' },
    clientOptions: { endpoints: { oauth2TokenUrl: `${at}/token`, tokenInfoUrl: `${at}/tokeninfo` } },
  });

describe('who works here', () => {
  it('is the service account that the credentials are for', async () => {
    const account = 'deployer@p.iam.gserviceaccount.com';
    const credentials = new GoogleAuth({ credentials: { client_email: account, private_key: 'key' } });
    expect(await operator(credentials)).toEqual({ authtype: 'service_account', authid: account });
  });

  it("is the user whose Google says a user's credentials are", async () => {
    email = 'ada@example.com';
    expect(await operator(ofUser())).toEqual({ authtype: 'user', authid: 'ada@example.com' });
  });

  it('is the user of this machine where Google may not say', async () => {
    email = undefined;
    const here = `${userInfo().username}@${hostname()}`;
    expect(await operator(ofUser())).toEqual({ authtype: 'user', authid: here });
  });
});
