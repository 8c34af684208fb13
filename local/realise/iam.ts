import { z } from 'zod';
import type { IamMember, ServiceAccount } from './cloud.ts';
import { type DeclaredResource, read } from './declared.ts';

const Grant = z.object({
  role: z.string(),
  member: z.string(),
  condition: z.object({ title: z.string(), expression: z.string() }).optional(),
});

const project = z.object({ project: z.string() });
const inProject = (collection: string, name: string, of: string) =>
  name.includes('/') ? name : `projects/${of}/${collection}/${name}`;

/** For each type of IAM member, the full name of the resource that the role is granted on. */
const GRANTED_ON: Record<string, (resource: DeclaredResource) => string> = {
  'gcp:projects/iAMMember:IAMMember': (resource) => `projects/${read(resource, project).project}`,
  'gcp:storage/bucketIAMMember:BucketIAMMember': (resource) =>
    `projects/_/buckets/${read(resource, z.object({ bucket: z.string() })).bucket}`,
  'gcp:pubsub/topicIAMMember:TopicIAMMember': (resource) => {
    const { project: of, topic } = read(resource, project.extend({ topic: z.string() }));
    return inProject('topics', topic, of);
  },
  'gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember': (resource) => {
    const { project: of, subscription } = read(resource, project.extend({ subscription: z.string() }));
    return inProject('subscriptions', subscription, of);
  },
  'gcp:bigquery/iamMember:IamMember': (resource) => {
    const place = project.extend({ datasetId: z.string(), tableId: z.string() });
    const { project: of, datasetId, tableId } = read(resource, place);
    return `projects/${of}/datasets/${datasetId}/tables/${tableId}`;
  },
  'gcp:serviceaccount/iAMMember:IAMMember': (resource) =>
    read(resource, z.object({ serviceAccountId: z.string() })).serviceAccountId,
  'gcp:cloudrunv2/serviceIamMember:ServiceIamMember': (resource) => {
    const place = project.extend({ location: z.string(), name: z.string() });
    const { project: of, location, name } = read(resource, place);
    return inProject(`locations/${location}/services`, name, of);
  },
  'gcp:artifactregistry/repositoryIamMember:RepositoryIamMember': (resource) => {
    const place = project.extend({ location: z.string(), repository: z.string() });
    const { project: of, location, repository } = read(resource, place);
    return inProject(`locations/${location}/repositories`, repository, of);
  },
  'gcp:compute/subnetworkIAMMember:SubnetworkIAMMember': (resource) => {
    const place = project.extend({ region: z.string(), subnetwork: z.string() });
    const { project: of, region, subnetwork } = read(resource, place);
    return inProject(`regions/${region}/subnetworks`, subnetwork, of);
  },
  'gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember': (resource) =>
    read(resource, z.object({ cryptoKeyId: z.string() })).cryptoKeyId,
};

export const isIamMember = ({ type }: DeclaredResource): boolean => type in GRANTED_ON;

export function readIamMember(resource: DeclaredResource): IamMember {
  const declaredAs = `${resource.stack}/${resource.name}`;
  return { resource: GRANTED_ON[resource.type](resource), ...read(resource, Grant), declaredAs };
}

const Trigger = z.object({ serviceAccount: z.string() });

/** Whether a grant's holder is an account that Cloud Build's triggers run builds as. */
export function isBuilders(declared: DeclaredResource[]): (grant: IamMember) => boolean {
  const builders = declared
    .filter(({ type }) => type === 'gcp:cloudbuild/trigger:Trigger')
    .map((trigger) => `serviceAccount:${read(trigger, Trigger).serviceAccount.split('/').at(-1)}`);
  return ({ member }) => builders.includes(member);
}

const Account = z.object({ project: z.string(), email: z.string(), displayName: z.string().default('') });

export const isServiceAccount = ({ type }: DeclaredResource): boolean =>
  type === 'gcp:serviceaccount/account:Account';

export function readServiceAccount(resource: DeclaredResource): ServiceAccount {
  return read(resource, Account, 'outputs');
}
