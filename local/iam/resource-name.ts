/** A resource by its full name, as IAM looks at it. */
export interface ResourceName {
  /** `storage.googleapis.com` */
  service: string;
  /** The name below the service: `projects/_/buckets/B/objects/O`. */
  name: string;
  /** What conditions call `resource.type`: `storage.googleapis.com/Object`. */
  type: string;
}

/** The last collections of names, as conditions call them. */
const TYPES: Record<string, string> = {
  buckets: 'Bucket',
  objects: 'Object',
  topics: 'Topic',
  subscriptions: 'Subscription',
  datasets: 'Dataset',
  tables: 'Table',
  serviceAccounts: 'ServiceAccount',
  cryptoKeys: 'CryptoKey',
  projects: 'Project',
};

/** Reads `//service/name`. An object's name may itself have slashes. */
export function parseResourceName(full: string): ResourceName {
  const [, service, name] = /^\/\/([^/]+)\/(.+)$/.exec(full) ?? [];
  if (!service || !name)
    throw new Error(`"${full}" is no full resource name, which has the form //service/name.`);
  const isObject = /^projects\/_\/buckets\/[^/]+\/objects\//.test(name);
  const collection = isObject ? 'objects' : (name.split('/').at(-2) ?? '');
  return { service, name, type: `${service}/${TYPES[collection] ?? collection}` };
}

/** The resource itself and those above it, nearest first, by their names; the project comes last. */
export function lineage(
  { name }: ResourceName,
  projectOfBucket: (bucket: string) => string | undefined,
): string[] {
  const bucket = /^projects\/_\/buckets\/([^/]+)/.exec(name);
  if (bucket) {
    const project = projectOfBucket(bucket[1]);
    return [name, bucket[0], ...(project ? [`projects/${project}`] : [])];
  }
  const parts = name.split('/');
  const above: string[] = [];
  for (let length = parts.length; length >= 2; length -= 2) above.push(parts.slice(0, length).join('/'));
  return above;
}

/** A service account's full resource name; its project is in its e-mail address. */
export function serviceAccountResource(email: string): string {
  const project = /@([^.]+)\.iam\.gserviceaccount\.com$/.exec(email)?.[1] ?? '-';
  return `//iam.googleapis.com/projects/${project}/serviceAccounts/${email}`;
}
