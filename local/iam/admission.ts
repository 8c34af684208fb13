import type { Authorize } from '../boundaries.ts';
import type { AuthorizeStorage } from '../storage/rest.ts';
import type { StorageEngine } from '../storage/storage-engine.ts';

/** Dataflow's agent puts a job's machines into the subnetwork that the launch names by its URL. */
export function authorizeSubnetwork(url: string | undefined, principal: string, authorize: Authorize): void {
  if (!url) return;
  const resource = `//compute.googleapis.com/${url.slice(url.indexOf('projects/'))}`;
  authorize({ principal, permission: 'compute.subnetworks.use', resource });
}

/** Cloud Storage says of a bucket that isn't there that it isn't, whoever asks. */
export function authorizeStorage(storage: StorageEngine, authorize: Authorize): AuthorizeStorage {
  return ({ caller: { principal, project }, permission, bucket, object }) => {
    if (!bucket || permission === 'storage.buckets.create') {
      const resource = `//cloudresourcemanager.googleapis.com/projects/${project}`;
      authorize({ principal, permission, resource });
    } else if (storage.hasBucket(bucket)) {
      const inBucket = object ? `/objects/${object}` : '';
      const resource = `//storage.googleapis.com/projects/_/buckets/${bucket}${inBucket}`;
      authorize({ principal, permission, resource });
    }
  };
}
