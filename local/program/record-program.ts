import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { leaveOut } from './leave-out.ts';
import { type ProjectConfig, readProjectConfig } from './project-config.ts';
import { type RecordedStack, RecordingAnswer, type RecordingRequest } from './recorded.ts';

const RECORDING_PROCESS = fileURLToPath(new URL('./recording-process.ts', import.meta.url));

export interface ProgramOptions {
  /** The folder of Pulumi.yaml. */
  directory: string;
  /** The stacks to record, those that others refer to first. */
  stacks: string[];
  /** Config values by key, for every stack; they go before the files' values. */
  config?: Record<string, string>;
  /** Config values for one stack; they go before those for every stack. */
  stackConfig?: Record<string, Record<string, string>>;
  /** Resources to leave out of the recording, with what depends on them; see `leaveOut`. */
  without?: string[];
}

/**
 * Functions are of the TypeScript as it is unless the config says otherwise: nothing is bundled first, a stack names
 * the line, and the lint sees their clients.
 */
const FROM_THE_REPOSITORY = { 'baton:functionBundles': '' };

/**
 * Runs a Pulumi program, a stack at a time, and answers what it declares. Nothing is created and no network used.
 *
 * @param recordStack runs it for one stack, in a process of its own unless given
 * @throws Error with the program's own message when it fails; then nothing has been recorded
 */
export async function recordProgram(
  options: ProgramOptions,
  recordStack: (request: RecordingRequest) => Promise<RecordedStack> = inProcessOfItsOwn,
): Promise<RecordedStack[]> {
  const configs = new Map(
    options.stacks.map((stack) => {
      const overrides = { ...FROM_THE_REPOSITORY, ...options.config, ...options.stackConfig?.[stack] };
      return [stack, readProjectConfig(options.directory, stack, overrides)];
    }),
  );
  const projectNumbers = Object.fromEntries([...configs.values()].map(projectNumberOf));
  const recorded: RecordedStack[] = [];
  for (const [stack, { project, main, config }] of configs) {
    const referable = Object.fromEntries(recorded.map(({ stack, outputs }) => [stack, outputs]));
    const { directory } = options;
    recorded.push(await recordStack({ directory, main, project, stack, config, projectNumbers, referable }));
  }
  return leaveOut(options.without ?? [], recorded);
}

/** A project has a number also where the config doesn't tell it: one that follows from its id. */
function projectNumberOf({ project, config }: ProjectConfig): [id: string, number: string] {
  const id = config['gcp:project'] ?? '';
  const digest = createHash('sha256').update(id).digest().readUIntBE(0, 5);
  return [id, config[`${project}:projectNumber`] ?? String(digest + 100_000_000_000)];
}

async function inProcessOfItsOwn(request: RecordingRequest): Promise<RecordedStack> {
  const child = fork(RECORDING_PROCESS, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] });
  let stderr = '';
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const answer = await new Promise<RecordingAnswer>((resolve) => {
    child.once('message', (message) => resolve(RecordingAnswer.parse(message)));
    child.once('close', (code) => resolve({ error: `its process ended with ${code}\n${stderr}`.trim() }));
    child.send(request);
  });
  if ('recorded' in answer) return answer.recorded;
  throw new Error(`The Pulumi program failed for stack '${request.stack}': ${answer.error}`);
}
