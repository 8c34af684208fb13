import type { Starter } from '../../events/index.ts';
import { storage } from './clients.ts';

/** The service account that this function runs as, as the starter of what it asks for. */
export async function ownIdentity(): Promise<Starter> {
  const { client_email: authid } = await (await storage()).authClient.getCredentials();
  return { authtype: 'service_account', authid };
}
