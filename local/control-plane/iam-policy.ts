import type { Grant } from '../iam/policy.ts';

/** An IAM policy, as every `getIamPolicy` answers it. */
export interface IamPolicy {
  version: number;
  bindings: { role: string; members: string[]; condition?: { title: string; expression: string } }[];
}

/** The policy that consists of the grants on one resource; version 3 where one has a condition. */
export function policyOf(grants: Grant[]): IamPolicy {
  const bindings = new Map<string, IamPolicy['bindings'][number]>();
  for (const { role, member, condition } of grants) {
    const key = JSON.stringify([role, condition]);
    const binding = bindings.get(key) ?? { role, members: [], ...(condition && { condition }) };
    binding.members.push(member);
    bindings.set(key, binding);
  }
  const version = grants.some(({ condition }) => condition) ? 3 : 1;
  return { version, bindings: [...bindings.values()] };
}
