/** Who makes a call, as its access token says. */
export interface Caller {
  /** An IAM principal: `serviceAccount:deploy@p.iam.gserviceaccount.com` or `user:operator@example.com`. */
  principal: string;
  /** The project whose quota the call uses: the process's own. */
  project: string;
}

/** What a principal wants to do to what. */
export interface Access {
  /** An IAM principal, as in `Caller`. */
  principal: string;
  /** `storage.objects.get` */
  permission: string;
  /** The full resource name: `//storage.googleapis.com/projects/_/buckets/B/objects/O`. */
  resource: string;
}

/** Throws a PERMISSION_DENIED `StatusError` for an access that nothing grants. */
export type Authorize = (access: Access) => void;

/** A resource that is about to be created or given a key. */
export interface KeyUse {
  /** The key that the caller names, or that the resource inherits. */
  kmsKeyName: string | undefined;
  project: string;
  /** The resource's name, for the answer. */
  resource: string;
  /** Where the resource lies; none for what lies anywhere. */
  location?: string | undefined;
}

/**
 * Asked before anything that a key can encrypt is created, and before an object is read. Answers the version of the key
 * that is used. Throws the answer when the key may not be used, or when none is given and one is required.
 */
export type CheckKey = (use: KeyUse) => string | undefined;
