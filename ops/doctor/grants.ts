import { describeResource, grantsOf, type ReasonedGrant } from '../access/grants.ts';
import type { Declaration } from './declaration.ts';
import { DEPLOY_AGAIN, examine, type Finding, failure, type Problem } from './finding.ts';
import type { Google } from './google.ts';
import { type Policy, readPolicy } from './policies.ts';

/** Agents of Google's own, which no program declares as accounts of its project. */
const AGENT = /^serviceAccount:(service-|bq-|cmek-p)\d+@/;

/** Whether every declared grant stands in the policy of its resource, and its service agents are there. */
export async function examineGrants(declaration: Declaration, google: Google): Promise<Finding[]> {
  const grants = grantsOf(declaration.stacks);
  const names = [...new Set(grants.map(({ resource }) => resource))];
  const policies = new Map(names.map((name) => [name, readPolicy(name, google)] as const));
  // Each failure is told of by the grants on that resource.
  for (const policy of policies.values()) policy.catch(() => undefined);
  const examined = await Promise.all(
    grants.map((grant) =>
      examine('grant', `${grant.role} on ${where(grant)} to ${grant.member}`, async () =>
        problemIn(await policies.get(grant.resource)!, grant),
      ),
    ),
  );
  return [...examined, ...agentFindings(grants, await settled([...policies.values()]))];
}

const where = (grant: ReasonedGrant) => `${describeResource(grant)} of ${grant.project}`;

function problemIn({ bindings }: Policy, grant: ReasonedGrant): Problem | undefined {
  const holders = bindings
    .filter(
      ({ role, condition }) => role === grant.role && condition?.expression === grant.condition?.expression,
    )
    .flatMap(({ members }) => members);
  if (holders.includes(grant.member)) return undefined;
  if (holders.some((holder) => holder.startsWith(`deleted:${grant.member}?`))) {
    return failure('granted to an account that was deleted and made again', DEPLOY_AGAIN);
  }
  return failure(`not granted, so that nothing ${grant.why}`, DEPLOY_AGAIN);
}

/**
 * A service agent can't be asked for, but IAM takes no member that there is not, and marks those that were deleted.
 */
function agentFindings(grants: ReasonedGrant[], policies: Policy[]): Finding[] {
  const live = new Set(policies.flatMap(({ bindings }) => bindings.flatMap(({ members }) => members)));
  const agents = [...new Set(grants.map(({ member }) => member).filter((member) => AGENT.test(member)))];
  return agents.map((agent) => {
    const finding = { check: 'service agent' as const, resource: agent.replace('serviceAccount:', '') };
    if (live.has(agent)) return { ...finding, status: 'ok' as const };
    return { ...finding, ...failure('no policy names it', `${DEPLOY_AGAIN} It makes the agents first.`) };
  });
}

async function settled(policies: Promise<Policy>[]): Promise<Policy[]> {
  const results = await Promise.allSettled(policies);
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}
