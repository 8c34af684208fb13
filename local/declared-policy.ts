import { automaticGrants } from './iam/agents.ts';
import { Policy, type PolicyOptions } from './iam/policy.ts';
import type { RecordedResource } from './program/recorded.ts';
import {
  isBuilders,
  isIamMember,
  isServiceAccount,
  readIamMember,
  readServiceAccount,
} from './realise/iam.ts';
import type { StackOutputs } from './stacks.ts';

/** Who the person at the keyboard is, who may do everything: the program says nothing of people. */
export const OPERATOR = 'operator@example.com';

/**
 * Who may do what: as the program declares it, as Google grants it to its own agents, and everything to whoever
 * deploys the program. What builds may do is left out: none runs here.
 *
 * @throws Error for a role or a condition that isn't known here, and for a basic role
 */
export function declaredPolicy(
  declared: RecordedResource[],
  outputs: StackOutputs,
  options: Pick<PolicyOptions, 'projectOfBucket' | 'onDecision'>,
): Policy {
  const accounts = declared.filter(isServiceAccount).map(readServiceAccount);
  const grants = declared.filter(isIamMember).map(readIamMember);
  const ofBuilders = isBuilders(declared);
  return new Policy({
    ...options,
    grants: [...grants.filter((grant) => !ofBuilders(grant)), ...automaticGrants(accounts)],
    owners: [
      { principal: `user:${OPERATOR}` },
      ...[...new Set(declared.map(({ stack }) => stack))].map((stack) => deployerOf(stack, outputs)),
    ],
  });
}

/**
 * The principal that deploys a stack, and the project that it owns. The production stack is deployed by an account
 * of its project, which the settings of nonprod name, and every other by the operator.
 */
export function deployerOf(stack: string, outputs: StackOutputs): { principal: string; project?: string } {
  if (stack !== 'prod') return { principal: `user:${OPERATOR}` };
  const project = outputs.get('prod', 'project');
  return { principal: `serviceAccount:deployer@${project}.iam.gserviceaccount.com`, project };
}
