import { hostname, userInfo } from 'node:os';
import type { Storage } from '@google-cloud/storage';

/**
 * Who works here, for the records that say who did something: the account that the clients' credentials are for, and
 * where those don't tell (a user's own credentials carry no address), the user of this machine.
 */
export async function operatorName(storage: Storage): Promise<string> {
  try {
    const { client_email: account } = await storage.authClient.getCredentials();
    if (account) return account;
  } catch {
    // Credentials of a user have no account to tell.
  }
  return `${userInfo().username}@${hostname()}`;
}
