import { operationsProtos } from 'google-gax';
import { vertexEndpoints } from './clients.ts';
import { StageFailure } from './failure.ts';

const { GetOperationRequest, ListOperationsRequest } = operationsProtos.google.longrunning;

/**
 * Whether a Vertex AI long-running operation has ended well.
 *
 * @throws StageFailure with the operation's own error when it ended badly
 */
export async function hasEnded(operation: string): Promise<boolean> {
  const client = await vertexEndpoints();
  const request = GetOperationRequest.create({ name: operation });
  const [{ done, error }] = await client.operationsClient.getOperation(request);
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
  const request = ListOperationsRequest.create({ name: resource });
  for await (const operation of client.operationsClient.listOperationsAsync(request)) {
    if (!(operation as { done?: boolean }).done) return true;
  }
  return false;
}
