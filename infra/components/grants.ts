import type * as pulumi from '@pulumi/pulumi';
import { Grant, onAccount, onBucket, onProject, onTopic, type ReasonedRole } from './grant.ts';

/** What one principal may do and why, each role on the smallest resource that it can be granted on. */
export interface Grants {
  /** Roles on the project, for what has no finer resource to grant on. */
  project?: ReasonedRole[];
  /** Roles on one BigQuery dataset. */
  dataset?: { id: string; roles: ReasonedRole[] };
  buckets?: ({ name: string; bucket: pulumi.Input<string> } & ReasonedRole)[];
  topics?: ({ name: string; topic: pulumi.Input<string> } & ReasonedRole)[];
  /** Service accounts that the principal may attach to the jobs and models that it creates. */
  actsAs?: { account: { id: string; accountName: pulumi.Input<string> }; why: string }[];
}

const shortName = (role: string) => role.slice(role.indexOf('/') + 1);

/**
 * Declares the grants of one principal.
 *
 * @param who the principal's name within the program, which begins the names of the declared resources
 */
export function grant(
  who: string,
  member: pulumi.Input<string>,
  project: string,
  grants: Grants,
  opts: pulumi.ComponentResourceOptions,
): void {
  for (const { role, why } of grants.project ?? []) {
    new Grant(`${who}-${shortName(role)}`, { role, why, member, on: onProject(project) }, opts);
  }
  for (const { role, why } of grants.dataset?.roles ?? []) {
    const on = onProject(project, onlyDataset(project, grants.dataset!.id));
    new Grant(`${who}-${shortName(role)}`, { role, why, member, on }, opts);
  }
  for (const { name, bucket, role, why } of grants.buckets ?? []) {
    new Grant(`${who}-${name}-${shortName(role)}`, { role, why, member, on: onBucket(bucket) }, opts);
  }
  for (const { name, topic, role, why } of grants.topics ?? []) {
    new Grant(`${who}-${name}-${shortName(role)}`, { role, why, member, on: onTopic(project, topic) }, opts);
  }
  for (const { account, why } of grants.actsAs ?? []) {
    const role = 'roles/iam.serviceAccountUser';
    const on = onAccount(account.accountName);
    new Grant(`${who}-acts-as-${account.id}`, { role, why, member, on }, opts);
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
    project: by('role', one.project, other.project),
    dataset: one.dataset ?? other.dataset,
    buckets: by('name', one.buckets, other.buckets),
    topics: by('name', one.topics, other.topics),
    actsAs: [...(one.actsAs ?? []), ...(other.actsAs ?? [])],
  };
}

function by<Key extends string, Held extends Record<Key, string>>(
  key: Key,
  one: Held[] = [],
  other: Held[] = [],
): Held[] {
  return [...new Map([...one, ...other].map((held) => [held[key], held])).values()];
}
