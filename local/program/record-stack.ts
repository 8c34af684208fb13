import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as pulumi from '@pulumi/pulumi';
import { lookUp, make } from './google-outputs.ts';
import { plainProperties } from './plain.ts';
import type { RecordedStack, RecordingRequest } from './recorded.ts';
import { listenToRegistrations } from './registrations.ts';

/**
 * Runs a Pulumi program for one stack under Pulumi's own mocks, in this process: afterwards it is in the program's
 * folder, and Pulumi's global state is that of this run.
 */
export async function recordStack(request: RecordingRequest): Promise<RecordedStack> {
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
