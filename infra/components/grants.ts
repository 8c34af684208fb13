import * as gcp from '@pulumi/gcp';
import type * as pulumi from '@pulumi/pulumi';

/** What one principal may do, each role on the smallest resource that it can be granted on. */
export interface Grants {
  /** Roles on the project, for what has no finer resource to grant on. */
  project?: string[];
  /** Roles on one BigQuery dataset. */
  dataset?: { id: string; roles: string[] };
  buckets?: { name: string; bucket: pulumi.Input<string>; role: string }[];
  topics?: { name: string; topic: pulumi.Input<string>; role: string }[];
  /** Service accounts that the principal may attach to the jobs and models that it creates. */
  actsAs?: { id: string; accountName: pulumi.Input<string> }[];
}

const shortName = (role: string) => role.slice(role.indexOf('/') + 1);

/**
 * Declares one additive IAM member per grant, so that grants made elsewhere stay.
 *
 * @param who the principal's name within the program, which begins the names of the declared resources
 */
export function grant(
  who: string,
  member: pulumi.Input<string>,
  project: string,
  grants: Grants,
  opts: pulumi.CustomResourceOptions,
): void {
  for (const role of grants.project ?? []) {
    new gcp.projects.IAMMember(`${who}-${shortName(role)}`, { project, role, member }, opts);
  }
  for (const role of grants.dataset?.roles ?? []) {
    const condition = onlyDataset(project, grants.dataset!.id);
    new gcp.projects.IAMMember(`${who}-${shortName(role)}`, { project, role, member, condition }, opts);
  }
  for (const { name, bucket, role } of grants.buckets ?? []) {
    new gcp.storage.BucketIAMMember(`${who}-${name}-${shortName(role)}`, { bucket, role, member }, opts);
  }
  for (const { name, topic, role } of grants.topics ?? []) {
    const args = { project, topic, role, member };
    new gcp.pubsub.TopicIAMMember(`${who}-${name}-${shortName(role)}`, args, opts);
  }
  for (const { id, accountName } of grants.actsAs ?? []) {
    const args = { serviceAccountId: accountName, role: 'roles/iam.serviceAccountUser', member };
    new gcp.serviceaccount.IAMMember(`${who}-acts-as-${id}`, args, opts);
  }
}

/** A run creates the dataset, so the program can't grant on it: it grants on the project, for that name alone. */
function onlyDataset(project: string, dataset: string) {
  const name = `projects/${project}/datasets/${dataset}`;
  return {
    title: `dataset ${dataset}`,
    description: 'The dataset that runs ingest into, and its tables.',
    expression: `resource.name == "${name}" || resource.name.startsWith("${name}/")`,
  };
}

/** What a principal may do that has two parts to play; what both need is granted once. */
export function both(one: Grants, other: Grants): Grants {
  return {
    project: [...new Set([...(one.project ?? []), ...(other.project ?? [])])],
    dataset: one.dataset ?? other.dataset,
    buckets: byName(one.buckets, other.buckets),
    topics: byName(one.topics, other.topics),
    actsAs: [...(one.actsAs ?? []), ...(other.actsAs ?? [])],
  };
}

function byName<Grant extends { name: string }>(one: Grant[] = [], other: Grant[] = []): Grant[] {
  return [...new Map([...one, ...other].map((grant) => [grant.name, grant])).values()];
}
