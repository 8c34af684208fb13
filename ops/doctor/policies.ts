import { z } from 'zod';
import type { Google } from './google.ts';

const Policy = z.object({
  bindings: z
    .array(
      z.object({
        role: z.string(),
        members: z.array(z.string()).default([]),
        condition: z.object({ expression: z.string() }).optional(),
      }),
    )
    .default([]),
});
export type Policy = z.infer<typeof Policy>;

/** Conditions are left out of a policy that is asked for in an older version. */
const VERSION = { options: { requestedPolicyVersion: 3 } };
const VERSION_QUERY = 'options.requestedPolicyVersion=3';

/**
 * Reads the IAM policy of a resource by its name, `projects/P/topics/T`; a bucket's is `projects/_/buckets/B`.
 *
 * @throws the API's error
 */
export async function readPolicy(name: string, google: Google): Promise<Policy> {
  const parts = name.split('/');
  switch (parts.length === 2 ? 'projects' : parts.at(-2)) {
    case 'projects':
      return post(`https://cloudresourcemanager.googleapis.com/v3/${name}`);
    case 'buckets':
      return get(
        `https://storage.googleapis.com/storage/v1/b/${parts.at(-1)}/iam?optionsRequestedPolicyVersion=3`,
      );
    case 'topics':
    case 'subscriptions':
      return get(`https://pubsub.googleapis.com/v1/${name}:getIamPolicy?${VERSION_QUERY}`);
    case 'tables':
      return post(`https://bigquery.googleapis.com/bigquery/v2/${name}`);
    case 'serviceAccounts':
      return post(`https://iam.googleapis.com/v1/${name}`);
    case 'services':
      return get(`https://run.googleapis.com/v2/${name}:getIamPolicy?${VERSION_QUERY}`);
    case 'repositories':
      return get(`https://artifactregistry.googleapis.com/v1/${name}:getIamPolicy?${VERSION_QUERY}`);
    case 'cryptoKeys':
      return get(`https://cloudkms.googleapis.com/v1/${name}:getIamPolicy?${VERSION_QUERY}`);
    default:
      throw new Error(`the doctor does not know how to read the IAM policy of ${name}`);
  }

  function get(url: string): Promise<Policy> {
    return google.call(url, Policy);
  }

  function post(url: string): Promise<Policy> {
    return google.call(`${url}:getIamPolicy`, Policy, VERSION);
  }
}
