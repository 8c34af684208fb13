import type { operationsProtos } from 'google-gax';
import { vertexEndpoints } from './clients.ts';
import { StageFailure } from './failure.ts';

/**
 * The client's types ask for instances of message classes, and it takes plain objects as all others do: importing the
 * classes would load half a megabyte of code.
 */
type Request = operationsProtos.google.longrunning.GetOperationRequest &
  operationsProtos.google.longrunning.ListOperationsRequest;
const requestOf = (name: string) => ({ name }) as Request;

/**
 * Whether a Vertex AI long-running operation has ended well.
 *
 * @throws StageFailure with the operation's own error when it ended badly
 */
export async function hasEnded(operation: string): Promise<boolean> {
  const client = await vertexEndpoints();
  const [{ done, error }] = await client.operationsClient.getOperation(requestOf(operation));
  if (error) throw new StageFailure('BATON_OPERATION_FAILED', `${operation} failed: ${error.message}`);
  return Boolean(done);
}

/** Whether all of the operations have ended well. */
export async function haveEnded(operations: string[]): Promise<boolean> {
  const ended = await Promise.all(operations.map(hasEnded));
  return ended.every(Boolean);
}

/** Whether any operation works on a resource. */
export async function hasRunning(resource: string): Promise<boolean> {
  const client = await vertexEndpoints();
  for await (const operation of client.operationsClient.listOperationsAsync(requestOf(resource))) {
    if (!(operation as { done?: boolean }).done) return true;
  }
  return false;
}
