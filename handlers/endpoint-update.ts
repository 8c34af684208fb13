import type { protos } from '@google-cloud/aiplatform';
import { vertexEndpoints } from './runtime/clients.ts';
import { isAborted, isFailedPrecondition } from './runtime/failure.ts';

export type Endpoint = protos.google.cloud.aiplatform.v1.IEndpoint;

/** What of an endpoint changes at once; labels are added to those that it has. */
export interface EndpointChange {
  labels?: Record<string, string>;
  trafficSplit?: Record<string, number>;
}

/**
 * Changes an endpoint in one write, if it is still as it was read.
 *
 * @returns `undefined` when somebody changed the endpoint since, or an operation is at work on it
 */
export async function updateEndpoint(
  { name, etag, displayName, labels }: Endpoint,
  change: EndpointChange,
): Promise<Endpoint | undefined> {
  const { trafficSplit } = change;
  const paths = [...(change.labels ? ['labels'] : []), ...(trafficSplit ? ['traffic_split'] : [])];
  try {
    const [changed] = await (await vertexEndpoints()).updateEndpoint({
      endpoint: {
        ...{ name, etag, displayName },
        ...(change.labels && { labels: { ...labels, ...change.labels } }),
        ...(trafficSplit && { trafficSplit }),
      },
      updateMask: { paths },
    });
    return changed;
  } catch (error) {
    if (isStale(error) || isAtWork(error)) return undefined;
    throw error;
  }
}

/** AIP-154 has ABORTED for an etag that is not current; Vertex AI documents no code, and others have answered 9. */
const isStale = (error: unknown) =>
  isAborted(error) || (isFailedPrecondition(error) && /etag/i.test(String(error)));

/** Vertex AI lets one operation at a time work on an endpoint. */
export const isAtWork = (error: unknown) =>
  isFailedPrecondition(error) && /other operations running/i.test(String(error));
