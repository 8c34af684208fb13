import type { Output } from '@pulumi/pulumi';
import { EncryptedStores } from './components/encrypted-stores.ts';
import { EncryptionKey, type KeySource } from './components/encryption-key.ts';
import { declareMetadataStore } from './components/metadata-store.ts';
import type { AgentName, ServiceAgents } from './components/service-agents.ts';
import type { Settings } from './settings.ts';

/** The services that every tenant keeps something in. */
export const EVERYWHERE = [
  'artifactregistry',
  'cloudfunctions',
  'logging',
  'pubsub',
  'run',
  'storage',
] as const satisfies AgentName[];

/** The services that keep something where models are trained: Dataflow's workers have disks of Compute Engine's. */
export const TRAINING = [
  'aiplatform',
  'bigquery',
  'compute',
  'dataflow',
  'eventarc',
] as const satisfies AgentName[];

/**
 * The services that keep something where models are served: what the drift of predictions is measured on, Vertex AI
 * logs to BigQuery.
 */
export const SERVING = ['aiplatform', 'bigquery'] as const satisfies AgentName[];

/**
 * Declares the key of a project's own resources, where the config asks for one, and the stores that Google would
 * otherwise make without it. Without a key, only the store that lineage is written to.
 *
 * @param services those whose agents encrypt in the project, and no others
 * @returns the key's name, known when the agents may use it
 */
export function declareEncryption(
  settings: Settings,
  agents: ServiceAgents,
  services: Iterable<AgentName>,
): Output<string> | undefined {
  const key = keySource(settings);
  if (!key) {
    if (settings.tenant !== 'nonprod') declareMetadataStore(settings, undefined, {});
    return undefined;
  }
  const encrypters = Object.fromEntries(
    [...new Set(services)].map((service) => [service, agents.member(service)]),
  );
  const { kmsKey } = new EncryptionKey('encryption', { ...settings, key, encrypters });
  new EncryptedStores('encrypted-stores', { ...settings, kmsKey, training: settings.tenant !== 'prod' });
  return kmsKey;
}

function keySource({ kmsKey, createKey, keyRing, keyRotationDays }: Settings): KeySource | undefined {
  if (kmsKey) return { kmsKey };
  return createKey ? { keyRing, name: 'baton', rotationDays: keyRotationDays } : undefined;
}
