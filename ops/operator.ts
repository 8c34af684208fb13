import { hostname, userInfo } from 'node:os';
import type { Storage } from '@google-cloud/storage';
import type { Starter } from '../events/index.ts';

type Credentials = Pick<Storage['authClient'], 'getCredentials' | 'getClient'>;

/**
 * Who works here, for the records and events that say who did something: the account that the clients' credentials
 * are for, and where nothing tells, the user of this machine.
 */
export async function operator(credentials: Credentials): Promise<Required<Starter>> {
  const account = (await serviceAccountOf(credentials)) ?? (await userOf(credentials));
  const authid = account ?? `${userInfo().username}@${hostname()}`;
  return { authid, authtype: authid.endsWith('.gserviceaccount.com') ? 'service_account' : 'user' };
}

async function serviceAccountOf(credentials: Credentials): Promise<string | undefined> {
  try {
    return (await credentials.getCredentials()).client_email;
  } catch {
    // Credentials of a user have no account to tell.
    return undefined;
  }
}

/** A user's own credentials carry no address; Google tells whose an access token is, if its scopes allow. */
async function userOf(credentials: Credentials): Promise<string | undefined> {
  try {
    const client = await credentials.getClient();
    if (!('getTokenInfo' in client)) return undefined;
    const { token } = await client.getAccessToken();
    return token ? (await client.getTokenInfo(token)).email : undefined;
  } catch {
    return undefined;
  }
}
