import type { operationsProtos } from 'google-gax';
import { vertexEndpoints } from './clients.ts';
import { FEW, type Outstanding } from './outstanding.ts';

/**
 * Of operations of Vertex AI, those that are no longer at work: one list call per page of the operations on the
 * resources that they are about.
 */
export async function withEndedOperations(outstanding: Outstanding[]): Promise<Outstanding[]> {
  if (outstanding.length <= FEW) return outstanding;
  const running = new Set<string>();
  const names = outstanding.flatMap(({ resources }) => resources);
  for (const resource of new Set(names.map((name) => name.split('/operations/')[0]))) {
    // A plain object does, whatever the client's types ask for.
    const request = { name: resource } as operationsProtos.google.longrunning.ListOperationsRequest;
    const operations = (await vertexEndpoints()).operationsClient.listOperationsAsync(request);
    for await (const { name, done } of operations as AsyncIterable<{ name: string; done?: boolean }>) {
      if (!done) running.add(name);
    }
  }
  return outstanding.filter(({ resources }) => !resources.some((name) => running.has(name)));
}
