import * as gcp from '@pulumi/gcp';
import type * as pulumi from '@pulumi/pulumi';

/**
 * Declares the repository of a project's images. Each project has its own, so that neither reads the other's: the
 * prediction image is pushed to production by whoever deploys there.
 */
export function declareImages(
  { project, region, kmsKey }: { project: string; region: string; kmsKey: pulumi.Input<string> | undefined },
  description: string,
): gcp.artifactregistry.Repository {
  return new gcp.artifactregistry.Repository('images', {
    project,
    location: region,
    repositoryId: 'baton',
    format: 'DOCKER',
    description,
    kmsKeyName: kmsKey,
  });
}
