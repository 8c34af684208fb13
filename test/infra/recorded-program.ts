import { fileURLToPath } from 'node:url';
import type { PolicyResource } from '../../infra/policy/rule.ts';
import type { ProgramOptions } from '../../local/program/record-program.ts';
import { recordProgram } from '../../local/program/record-program.ts';
import { recordStack } from '../../local/program/record-stack.ts';
import type { RecordedResource, RecordedStack } from '../../local/program/recorded.ts';

export const INFRA = fileURLToPath(new URL('../../infra', import.meta.url));

/** The two stacks' projects, as they are recorded. */
export const NONPROD = { project: 'baton-nonprod', projectNumber: '111111111111' };
export const PROD = { project: 'baton-prod', projectNumber: '222222222222' };

/** Records the two tenants' stacks, or those given, as the local cloud does, though faster: in this process. */
export function recordBoth(options: Partial<ProgramOptions> = {}): Promise<RecordedStack[]> {
  return recordProgram({ directory: INFRA, stacks: ['nonprod', 'prod'], ...options }, recordStack);
}

/** A stack's resources as the policy's rules see them. */
export const policyResources = ({ resources }: RecordedStack): PolicyResource[] =>
  resources.map(({ type, name, inputs, protect }) => ({ type, name, props: inputs, protect }));

export function ofType(stacks: RecordedStack[], type: string, stack?: string): RecordedResource[] {
  return stacks
    .filter((recorded) => !stack || recorded.stack === stack)
    .flatMap(({ resources }) => resources.filter((resource) => resource.type === type));
}

export const TYPES = {
  topic: 'gcp:pubsub/topic:Topic',
  subscription: 'gcp:pubsub/subscription:Subscription',
  function: 'gcp:cloudfunctionsv2/function:Function',
  account: 'gcp:serviceaccount/account:Account',
  notification: 'gcp:storage/notification:Notification',
  invoker: 'gcp:cloudrunv2/serviceIamMember:ServiceIamMember',
  topicMember: 'gcp:pubsub/topicIAMMember:TopicIAMMember',
  job: 'gcp:cloudscheduler/job:Job',
  trigger: 'gcp:eventarc/trigger:Trigger',
} as const;
