import { recordProgram } from '../../local/program/record-program.ts';
import type { RecordedResource, RecordedStack } from '../../local/program/recorded.ts';
import { STACKS, type StackName } from '../../local/stacks.ts';

const PROGRAM = new URL('../../infra', import.meta.url).pathname;

/** What the program declares for the stacks that are looked at. */
export class Declaration {
  readonly stacks: RecordedStack[];

  constructor(stacks: RecordedStack[]) {
    this.stacks = stacks;
  }

  /** Runs the program, as the stack files and `config` configure it; nothing is deployed. */
  static async of(names: StackName[], config: Record<string, string>): Promise<Declaration> {
    // All of them are run, since one refers to another.
    const stacks = await recordProgram({ directory: PROGRAM, stacks: [...STACKS], config });
    return new Declaration(stacks.filter(({ stack }) => names.includes(stack as StackName)));
  }

  ofType(type: string): RecordedResource[] {
    return this.stacks.flatMap(({ resources }) => resources.filter((resource) => resource.type === type));
  }

  projects(): string[] {
    return this.stacks.map(({ outputs }) => String(outputs.project));
  }
}
