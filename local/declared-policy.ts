import { automaticGrants } from './iam/agents.ts';
import { Policy, type PolicyOptions } from './iam/policy.ts';
import type { RecordedResource } from './program/recorded.ts';
import { isIamMember, isServiceAccount, readIamMember, readServiceAccount } from './realise/iam.ts';
import { STACKS, type StackOutputs } from './stacks.ts';

/** Who the person at the keyboard is, who may do everything: the program says nothing of people. */
export const OPERATOR = 'operator@example.com';

/**
 * Who may do what: as the program declares it, as Google grants it to its own agents, and everything to whoever
 * deploys the program.
 *
 * @throws Error for a role or a condition that isn't known here, and for a basic role
 */
export function declaredPolicy(
  declared: RecordedResource[],
  outputs: StackOutputs,
  options: Pick<PolicyOptions, 'projectOfBucket' | 'onDecision'>,
): Policy {
  const projects = STACKS.map((stack) => {
    const project = outputs.get(stack, 'project');
    return { project, number: outputs.projectNumber(project) };
  });
  const accounts = declared.filter(isServiceAccount).map(readServiceAccount);
  return new Policy({
    ...options,
    grants: [...declared.filter(isIamMember).map(readIamMember), ...automaticGrants(projects, accounts)],
    owners: [{ principal: `user:${OPERATOR}` }, deployerOf('prod', outputs)],
  });
}

/**
 * The principal that deploys a stack, and the project that it owns. The operator deploys nonprod; the production
 * stack is deployed by an account of its project, which the settings of nonprod name.
 */
export function deployerOf(stack: string, outputs: StackOutputs): { principal: string; project?: string } {
  if (stack !== 'prod') return { principal: `user:${OPERATOR}` };
  const project = outputs.get('prod', 'project');
  return { principal: `serviceAccount:deployer@${project}.iam.gserviceaccount.com`, project };
}
