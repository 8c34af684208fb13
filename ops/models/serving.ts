import type { Session } from '../commands/session.ts';

/** As what a version is deployed, and its percent of the endpoint's traffic. */
export interface Serving {
  endpoint: string;
  deployedModelId: string;
  share: number;
}

const NOT_FOUND = 5;

/** Where a version serves now: a rollback may have deployed it once more, as another deployed model. */
export async function servingOf(
  { clients, environment }: Session,
  { model, version, endpoints }: { model: string; version: string; endpoints: string[] },
): Promise<Serving[]> {
  const client = await clients.vertexEndpoints(environment.prod.region);
  const served = [...new Set(endpoints)].map(async (name) => {
    const endpoint = await client.getEndpoint({ name }).then(
      ([found]) => found,
      (error: { code?: number }) => {
        if (error.code !== NOT_FOUND) throw error;
      },
    );
    return (endpoint?.deployedModels ?? [])
      .filter((it) => it.modelVersionId === version && it.model?.split('@')[0].endsWith(`/models/${model}`))
      .map(({ id }) => ({
        endpoint: name,
        deployedModelId: String(id),
        share: endpoint?.trafficSplit?.[String(id)] ?? 0,
      }));
  });
  return (await Promise.all(served)).flat();
}
