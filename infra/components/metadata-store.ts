import * as gcp from '@pulumi/gcp';
import type * as pulumi from '@pulumi/pulumi';

/**
 * The store of lineage that Vertex AI calls `default`. Until it is there, whatever is written of lineage is refused;
 * Vertex AI's own pipelines would make it, under a key of Google's.
 */
export function declareMetadataStore(
  { project, region, protect }: { project: string; region: string; protect: boolean },
  kmsKey: pulumi.Input<string> | undefined,
  opts: pulumi.ComponentResourceOptions,
): void {
  new gcp.vertex.AiMetadataStore(
    'metadata-store',
    {
      project,
      region,
      name: 'default',
      description: "The lineage of Vertex AI's jobs and models.",
      ...(kmsKey && { encryptionSpec: { kmsKeyName: kmsKey } }),
    },
    { ...opts, protect },
  );
}
