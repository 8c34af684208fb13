import { readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';

/**
 * Variables that lead Google's clients elsewhere: to another emulator, to a key file, or through a proxy. No
 * process of the local cloud may see those of the shell that started it.
 */
export const FOREIGN_VARIABLES = [
  'GOOGLE_APPLICATION_CREDENTIALS',
  'GOOGLE_CLOUD_QUOTA_PROJECT',
  'GOOGLE_CLOUD_UNIVERSE_DOMAIN',
  'GOOGLE_API_USE_MTLS_ENDPOINT',
  'GOOGLE_API_USE_CLIENT_CERTIFICATE',
  'GCLOUD_PROJECT',
  'PUBSUB_EMULATOR_HOST',
  'PUBSUB_PROJECT_ID',
  'STORAGE_EMULATOR_HOST',
  'BIGQUERY_EMULATOR_HOST',
  'HTTP_PROXY',
  'http_proxy',
  'ALL_PROXY',
  'all_proxy',
  'no_grpc_proxy',
];

/** A preload, which may be loaded late where nothing has made a request yet. */
const KEPT_CONNECTIONS = new URL('kept-connections.mjs', import.meta.url).href;

/**
 * Leads the official clients in this very process to the local cloud. They must be imported afterwards: some
 * read their environment once, when they are loaded.
 */
export async function connectThisProcess(environment: Record<string, string>): Promise<void> {
  for (const name of FOREIGN_VARIABLES) delete process.env[name];
  Object.assign(process.env, environment);
  await import(KEPT_CONNECTIONS);
  // Node reads NODE_EXTRA_CA_CERTS at start only.
  const authority = environment.NODE_EXTRA_CA_CERTS;
  if (authority) setDefaultCACertificates([...getCACertificates('default'), readFileSync(authority, 'utf8')]);
}
