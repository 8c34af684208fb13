import type { RecordedStack } from '../../local/program/recorded.ts';
import type { IamMember } from '../../local/realise/cloud.ts';
import { isIamMember, readIamMember } from '../../local/realise/iam.ts';

/** A grant of the program, with the reason that it is declared with. */
export interface ReasonedGrant extends IamMember {
  why: string;
  /** The project that the resource belongs to. */
  project: string;
}

/**
 * What the program grants, in the order of its declaration.
 *
 * @throws Error for an IAM member that is declared without a reason
 */
export function grantsOf(stacks: RecordedStack[]): ReasonedGrant[] {
  return stacks.flatMap(({ resources }) =>
    resources.filter(isIamMember).map((resource) => {
      const grant = readIamMember(resource);
      const reason = resources.find(({ urn }) => urn === resource.parent);
      if (reason?.type !== 'baton:index:Grant' || !reason.inputs.why) {
        throw new Error(
          `${grant.declaredAs} says nothing of why: declare it with infra/components/grant.ts.`,
        );
      }
      const project = projectOf(grant.resource) ?? String(stackProject(resources));
      return { ...grant, why: String(reason.inputs.why), project };
    }),
  );
}

/** A bucket's name doesn't tell its project. */
function projectOf(resource: string): string | undefined {
  const [, project] = resource.split('/');
  return project === '_' ? undefined : project;
}

function stackProject(resources: RecordedStack['resources']): unknown {
  return resources.find(({ type }) => type === 'gcp:storage/bucket:Bucket')?.inputs.project;
}

/** `serviceAccount:ingest@baton-nonprod.iam.gserviceaccount.com` as `ingest`, where it is of the resource's project. */
export function holderOf({ member, project }: Pick<ReasonedGrant, 'member' | 'project'>): string {
  const [, principal] = /^\w+:(.+)$/.exec(member) ?? [];
  const [, name, domain] = /^([^@]+)@(.+?)(?:\.iam\.gserviceaccount\.com)?$/.exec(principal ?? '') ?? [];
  if (!name) return member;
  return domain === project ? name : `${name}@${domain}`;
}

const KINDS: Record<string, string> = {
  buckets: 'bucket',
  topics: 'topic',
  subscriptions: 'subscription',
  tables: 'table',
  serviceAccounts: 'service account',
  services: 'function',
  repositories: 'repository',
  cryptoKeys: 'key',
};

/** A resource as people call it: `topic parked`, `table ledger.messages`. */
export function describeResource({ resource, condition }: Pick<IamMember, 'resource' | 'condition'>): string {
  const parts = resource.split('/');
  if (parts.length === 2) return condition ? `project, only ${condition.title}` : 'project';
  const name = parts.at(-1)!;
  const kind = KINDS[parts.at(-2)!] ?? parts.at(-2)!;
  if (kind === 'table') return `table ${parts[3]}.${name}`;
  return `${kind} ${name.replace(/@.*/, '')}`;
}
