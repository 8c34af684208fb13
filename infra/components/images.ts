import * as gcp from '@pulumi/gcp';
import type * as pulumi from '@pulumi/pulumi';

/**
 * Declares the repository of a project's images. Each project has its own, so that neither reads the other's: the
 * prediction image is pushed to production by whoever deploys there.
 */
export function declareImages(
  args: { project: string; region: string; kmsKey: pulumi.Input<string> | undefined; protect: boolean },
  description: string,
): gcp.artifactregistry.Repository {
  const { project, region, kmsKey, protect } = args;
  return new gcp.artifactregistry.Repository(
    'images',
    {
      project,
      location: region,
      repositoryId: 'baton',
      format: 'DOCKER',
      description,
      kmsKeyName: kmsKey,
    },
    { protect },
  );
}
