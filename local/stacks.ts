import { z } from 'zod';
import type { RecordedStack } from './program/recorded.ts';

/** The program's two stacks of two tenants, in the order in which they are recorded: prod refers to nonprod. */
export const STACKS = ['nonprod', 'prod'] as const;
/** The part that a project plays: in some stacks one plays both. */
export type TenantName = (typeof STACKS)[number];

const Outputs = z.looseObject({
  tenants: z.array(z.enum(STACKS)),
  project: z.string(),
  projectNumber: z.string(),
});

/** What the program exported, as `pulumi stack output` would show it. */
export class StackOutputs {
  readonly #stacks: RecordedStack[];
  readonly #outputs: z.output<typeof Outputs>[];

  /** @throws Error when a stack doesn't say which project it is deployed to, and whose part that plays */
  constructor(stacks: RecordedStack[]) {
    this.#stacks = stacks;
    this.#outputs = stacks.map(({ outputs }) => Outputs.parse(outputs));
  }

  /** @throws Error when the stack whose project plays the tenant has no such output, or one that is not text */
  get(tenant: TenantName, name: string): string {
    const value = this.#outputs.find(({ tenants }) => tenants.includes(tenant))?.[name];
    if (typeof value !== 'string') throw new Error(`no stack of ${tenant} has an output named ${name}`);
    return value;
  }

  /** Everything that the stacks exported, by stack. */
  all(): Record<string, Record<string, unknown>> {
    return Object.fromEntries(this.#stacks.map(({ stack, outputs }) => [stack, outputs]));
  }

  /** The projects that the stacks are deployed to. */
  projects(): { project: string; number: string }[] {
    return this.#outputs.map(({ project, projectNumber: number }) => ({ project, number }));
  }

  /** The number of a project that one of the stacks is deployed to. */
  projectNumber(project: string): string {
    const found = this.projects().find((candidate) => candidate.project === project);
    if (!found) throw new Error(`no stack of the program is deployed to the project ${project}`);
    return found.number;
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
