import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';

/** A role, and why its holder needs it, in one line: docs/access.md says it of every grant. */
export interface ReasonedRole {
  role: string;
  why: string;
}

/** The resource that a role is granted on: makes the IAM member of its type. */
type Target = (
  name: string,
  grant: { role: string; member: pulumi.Input<string> },
  opts: pulumi.CustomResourceOptions,
) => pulumi.CustomResource;

export interface GrantArgs extends ReasonedRole {
  member: pulumi.Input<string>;
  on: Target;
}

/** One additive IAM member, so that grants made elsewhere stay, and the reason for it. */
export class Grant extends pulumi.ComponentResource {
  /** What is to wait for the grant waits for this. */
  readonly iamMember: pulumi.CustomResource;

  /** @param opts a component hands none of them down: what the member waits for, and whether it stays, it is told here */
  constructor(
    name: string,
    { role, why, member, on }: GrantArgs,
    opts: pulumi.ComponentResourceOptions & { retainOnDelete?: boolean } = {},
  ) {
    super('baton:index:Grant', name, { why }, opts);
    const { dependsOn, retainOnDelete } = opts;
    this.iamMember = on(name, { role, member }, { parent: this, dependsOn, retainOnDelete });
    this.registerOutputs();
  }
}

/** @param condition narrows the grant to some of the project's resources */
export const onProject =
  (project: string, condition?: gcp.types.input.projects.IAMMemberCondition): Target =>
  (name, grant, opts) =>
    new gcp.projects.IAMMember(name, { project, condition, ...grant }, opts);

/** @param condition narrows the grant to some of the bucket's objects */
export const onBucket =
  (bucket: pulumi.Input<string>, condition?: gcp.types.input.storage.BucketIAMMemberCondition): Target =>
  (name, grant, opts) =>
    new gcp.storage.BucketIAMMember(name, { bucket, condition, ...grant }, opts);

export const onTopic =
  (project: string, topic: pulumi.Input<string>): Target =>
  (name, grant, opts) =>
    new gcp.pubsub.TopicIAMMember(name, { project, topic, ...grant }, opts);

export const onSubscription =
  (project: string, subscription: pulumi.Input<string>): Target =>
  (name, grant, opts) =>
    new gcp.pubsub.SubscriptionIAMMember(name, { project, subscription, ...grant }, opts);

export const onTable =
  (project: string, datasetId: string, tableId: pulumi.Input<string>): Target =>
  (name, grant, opts) =>
    new gcp.bigquery.IamMember(name, { project, datasetId, tableId, ...grant }, opts);

/** @param account the service account's resource name */
export const onAccount =
  (account: pulumi.Input<string>): Target =>
  (name, grant, opts) =>
    new gcp.serviceaccount.IAMMember(name, { serviceAccountId: account, ...grant }, opts);

/** On the key, not on its ring, which may hold keys of others. */
export const onKey =
  (key: pulumi.Input<string>): Target =>
  (name, grant, opts) =>
    new gcp.kms.CryptoKeyIAMMember(name, { cryptoKeyId: key, ...grant }, opts);

type Place = { project: string; region: string };

export const onSubnetwork =
  (place: Place, subnetwork: string): Target =>
  (name, grant, opts) =>
    new gcp.compute.SubnetworkIAMMember(name, { ...place, subnetwork, ...grant }, opts);

export const onService =
  ({ project, region }: Place, service: pulumi.Input<string>): Target =>
  (name, grant, opts) =>
    new gcp.cloudrunv2.ServiceIamMember(name, { project, location: region, name: service, ...grant }, opts);

export const onRepository =
  ({ project, region }: Place, repository: pulumi.Input<string>): Target =>
  (name, grant, opts) =>
    new gcp.artifactregistry.RepositoryIamMember(
      name,
      { project, location: region, repository, ...grant },
      opts,
    );
