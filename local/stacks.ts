import type { RecordedStack } from './program/recorded.ts';

/** The program's two stacks, in the order in which they are recorded: prod refers to nonprod. */
export const STACKS = ['nonprod', 'prod'] as const;
export type StackName = (typeof STACKS)[number];

/** What the program exported, as `pulumi stack output` would show it. */
export class StackOutputs {
  readonly #stacks: RecordedStack[];

  constructor(stacks: RecordedStack[]) {
    this.#stacks = stacks;
  }

  /** @throws Error when the stack has no such output, or one that is not text */
  get(stack: StackName, name: string): string {
    const value = this.#stacks.find((candidate) => candidate.stack === stack)?.outputs[name];
    if (typeof value !== 'string') throw new Error(`the stack ${stack} has no output named ${name}`);
    return value;
  }

  /** The number of a project that one of the stacks is deployed to. */
  projectNumber(project: string): string {
    const stack = STACKS.find((name) => this.get(name, 'project') === project);
    if (!stack) throw new Error(`no stack of the program is deployed to the project ${project}`);
    return this.get(stack, 'projectNumber');
  }

  /** One line that counts what the stacks declare. */
  describe(): string {
    const resources = this.#stacks.flatMap((stack) => stack.resources);
    const count = (type: string) => resources.filter((resource) => resource.type === type).length;
    return [
      `${count('gcp:cloudfunctionsv2/function:Function')} functions`,
      `${count('gcp:pubsub/topic:Topic')} topics`,
      `${count('gcp:pubsub/subscription:Subscription')} subscriptions`,
      `${count('gcp:storage/bucket:Bucket')} buckets`,
      `${count('gcp:serviceaccount/account:Account')} service accounts`,
    ].join(', ');
  }
}
