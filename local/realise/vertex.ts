import { z } from 'zod';
import type { RealisableCloud } from './cloud.ts';
import { type DeclaredResource, read } from './declared.ts';

const MetadataStore = z.object({
  description: z.string().optional(),
  encryptionSpec: z.object({ kmsKeyName: z.string() }).optional(),
});

/** Makes the store in the local Vertex AI, which has its key checked. */
export function realiseMetadataStore(
  resource: DeclaredResource,
  { metadataStores }: Pick<RealisableCloud, 'metadataStores'>,
): void {
  metadataStores.declare({ name: resource.id, ...read(resource, MetadataStore) });
}
