import * as pulumi from '@pulumi/pulumi';
import { recordStack } from './record-stack.ts';
import { type RecordingAnswer, RecordingRequest } from './recorded.ts';

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
    await answer({ recorded: await recordStack(RecordingRequest.parse(message)) });
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
