import type { ObjectMetadata, ObjectStore } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import { tenantProject } from './names.ts';

/** A model's artefacts, as the upload request names them. */
export interface ArtifactFolder {
  bucket: string;
  /** Ends in `/`. */
  prefix: string;
  objects: ObjectMetadata[];
}

/** Throws INVALID_ARGUMENT for a malformed address, NOT_FOUND for a missing bucket or an empty folder. */
export function findArtifacts(objects: ObjectStore, artifactUri: string): ArtifactFolder {
  const match = /^gs:\/\/([^/]+)\/(.+)$/.exec(artifactUri);
  if (!match) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      `Invalid artifact_uri "${artifactUri}": expected gs://bucket/folder.`,
    );
  }
  const [, bucket, folder] = match;
  const prefix = `${folder.replace(/\/+$/, '')}/`;
  const found = objects.hasBucket(bucket) ? objects.list(bucket, prefix) : [];
  if (found.length === 0) {
    throw new StatusError(
      'NOT_FOUND',
      `The artifact_uri "${artifactUri}" has no objects under it: gs://${bucket}/${prefix}`,
    );
  }
  return { bucket, prefix, objects: found };
}

/**
 * Copies a model's artefacts to the Google-managed bucket of the project, from where they are served; what
 * happens to the originals afterwards doesn't matter. Answers the copy's address, without a slash at its end. The
 * bucket is of Google's tenant project, which the organization's policy on keys does not reach.
 */
export async function copyArtifacts(
  objects: ObjectStore,
  source: ArtifactFolder,
  target: { project: string; location: string; folder: string },
): Promise<string> {
  const bucket = `vertex-managed-${target.project}`;
  if (!objects.hasBucket(bucket)) {
    objects.createBucket({ name: bucket, project: tenantProject(target.project), location: target.location });
  }
  for (const object of source.objects) {
    await objects.write(
      bucket,
      `${target.folder}/${object.name.slice(source.prefix.length)}`,
      objects.read(source.bucket, object.name),
      { contentType: object.contentType },
    );
  }
  return `gs://${bucket}/${target.folder}`;
}

/** Deletes the copy that `copyArtifacts` made. */
export function deleteArtifacts(objects: ObjectStore, storageUri: string | undefined): void {
  const match = /^gs:\/\/([^/]+)\/(.+)$/.exec(storageUri ?? '');
  if (!match) return;
  for (const object of objects.list(match[1], `${match[2]}/`)) objects.delete(match[1], object.name);
}
