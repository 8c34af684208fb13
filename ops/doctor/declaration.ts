import { recordProgram } from '../../local/program/record-program.ts';
import type { RecordedResource, RecordedStack } from '../../local/program/recorded.ts';
import { STACKS } from '../../local/stacks.ts';

const PROGRAM = new URL('../../infra', import.meta.url).pathname;

/** What the program declares for the stacks that are looked at. */
export class Declaration {
  readonly stacks: RecordedStack[];

  constructor(stacks: RecordedStack[]) {
    this.stacks = stacks;
  }

  /** Runs the program, as the stack files and `config` configure it; nothing is deployed. */
  static async of(names: string[], config: Record<string, string>): Promise<Declaration> {
    const isOfTenants = names.every((name) => (STACKS as readonly string[]).includes(name));
    // The tenants' are run together, since one refers to the other.
    const stacks = isOfTenants ? [...STACKS] : names;
    const recorded = await recordProgram({ directory: PROGRAM, stacks, config });
    return new Declaration(recorded.filter(({ stack }) => names.includes(stack)));
  }

  ofType(type: string): RecordedResource[] {
    return this.stacks.flatMap(({ resources }) => resources.filter((resource) => resource.type === type));
  }

  projects(): string[] {
    return this.stacks.map(({ outputs }) => String(outputs.project));
  }
}
