import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as pulumi from '@pulumi/pulumi';
import { lookUp, make } from './google-outputs.ts';
import { plainProperties } from './plain.ts';
import { type RecordedStack, type RecordingAnswer, RecordingRequest } from './recorded.ts';
import { listenToRegistrations } from './registrations.ts';

/**
 * Runs a Pulumi program under Pulumi's own mocks and answers what it declares. A process of its own, so that
 * Pulumi's global state and the memory of its provider's SDK end with it.
 */
process.once('message', async (message) => {
  const fail = (error: unknown) => answer({ error: messageOf(error) });
  // What a program does with outputs runs apart from it, and so do the errors of that.
  process.once('unhandledRejection', fail);
  process.once('uncaughtException', fail);
  try {
    await answer({ recorded: await record(RecordingRequest.parse(message)) });
  } catch (error) {
    await fail(error);
  }
});

async function answer(value: RecordingAnswer): Promise<void> {
  await new Promise((sent) => process.send!(value, sent));
  process.exit();
}

/** A RunError is meant to be read without its stack. */
function messageOf(error: unknown): string {
  if (pulumi.RunError.isInstance(error)) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function record(request: RecordingRequest): Promise<RecordedStack> {
  const { project, stack, projectNumbers } = request;
  process.chdir(request.directory);
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs, id }) => {
        if (type === 'pulumi:pulumi:StackReference') return referredStack(id || name, request);
        const made = make(type, { name, inputs, projectNumbers });
        return { id: made.id, state: made.outputs };
      },
      call: ({ token, inputs }) => lookUp(token, inputs, projectNumbers),
    },
    project,
    stack,
    false,
    'organization',
  );
  pulumi.runtime.setAllConfig(request.config);
  const registered = listenToRegistrations(stack);
  const outputs = await pulumi.runtime.runInPulumiStack(() =>
    runProgram(join(request.directory, request.main)),
  );
  await pulumi.runtime.disconnect();
  return { stack, resources: registered(), outputs: await plainProperties(outputs ?? {}) };
}

/** As the Pulumi CLI runs a program: a default export that is a function is called, and its answer exported. */
async function runProgram(main: string): Promise<unknown> {
  const { default: program, ...named } = (await import(pathToFileURL(main).href)) as Record<string, unknown>;
  if (program === undefined) return named;
  return typeof program === 'function' ? await program() : program;
}

/** A reference is named organization/project/stack. */
function referredStack(name: string, { referable }: RecordingRequest) {
  const outputs = referable[name.split('/').at(-1)!];
  if (!outputs) {
    throw new Error(`The program refers to stack '${name}', which hasn't been recorded; record it before.`);
  }
  return { id: name, state: { name, outputs, secretOutputNames: [] } };
}
