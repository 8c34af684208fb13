import type { protos } from '@google-cloud/aiplatform';
import { RunId } from '../../events/index.ts';
import type { Session } from '../commands/session.ts';
import { CommandError, EXIT } from '../terminal/exit-codes.ts';

type Model = protos.google.cloud.aiplatform.v1.IModel;
type Endpoint = protos.google.cloud.aiplatform.v1.IEndpoint;

/** A version of the registered model, and what it serves. */
export interface VersionView {
  version: string;
  /** Those that people and programs find it by; the one that names its run is left out. */
  aliases: string[];
  /** The run that made it. */
  run?: RunId;
  description?: string;
  createdAt: string;
  /** As what it is deployed at the endpoint, and its percent of the traffic. */
  deployedModelId?: string;
  share?: number;
}

/** The registered model and its endpoint. */
export interface ModelView {
  model: string;
  endpoint: string;
  /** The latest first. */
  versions: VersionView[];
}

const NOT_FOUND = 5;

/**
 * Reads the versions of an environment's model, and what serves at its endpoint.
 *
 * @throws CommandError `notFound` where no version was ever registered
 */
export async function readModel({
  clients,
  environment,
}: Pick<Session, 'clients' | 'environment'>): Promise<ModelView> {
  const { project, region, model: id, endpoint } = environment.prod;
  if (!endpoint) {
    throw new CommandError(
      EXIT.usage,
      `the outputs of the stack in ${project} name no endpoint: print them again`,
    );
  }
  const model = `projects/${project}/locations/${region}/models/${id}`;
  const [registry, endpoints] = await Promise.all([
    clients.vertexModels(region),
    clients.vertexEndpoints(region),
  ]);
  const [versions, serving] = await Promise.all([
    unlessAbsent(registry.listModelVersions({ name: model })),
    unlessAbsent(endpoints.getEndpoint({ name: endpoint })),
  ]);
  if (!versions) throw new CommandError(EXIT.notFound, `there is no model ${model}: no run has come so far`);
  const views = versions[0].map((version) => viewOf(version, serving?.[0]));
  return {
    model,
    endpoint,
    versions: views.sort((left, right) => Number(right.version) - Number(left.version)),
  };
}

/** The version of a number or an alias. @throws CommandError `notFound` when there is none */
export function versionOf({ model, versions }: ModelView, reference: string): VersionView {
  const found = versions.find(({ version, aliases }) => version === reference || aliases.includes(reference));
  if (found) return found;
  const there = versions.map(({ version }) => version).join(', ');
  throw new CommandError(EXIT.notFound, `${model} has no version ${reference}; there are ${there}`);
}

const MADE_BY = /^run-(.+)-\d+$/;

function viewOf(version: Model, endpoint: Endpoint | undefined): VersionView {
  const { versionId, versionAliases, versionDescription, versionCreateTime } = version;
  const aliases = versionAliases ?? [];
  const [run] = aliases.flatMap((alias) => RunId.safeParse(MADE_BY.exec(alias)?.[1]).data ?? []);
  const share = (id: string) => endpoint?.trafficSplit?.[id] ?? 0;
  const [deployedModelId] = (endpoint?.deployedModels ?? [])
    .filter((deployed) => deployed.modelVersionId === versionId)
    .map(({ id }) => String(id))
    .sort((left, right) => share(right) - share(left));
  return {
    version: String(versionId),
    aliases: aliases.filter((alias) => !MADE_BY.test(alias)).sort(),
    run,
    description: versionDescription || undefined,
    createdAt: new Date(Number(versionCreateTime?.seconds ?? 0) * 1000).toISOString(),
    ...(deployedModelId && { deployedModelId, share: share(deployedModelId) }),
  };
}

async function unlessAbsent<Answer>(request: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await request;
  } catch (error) {
    if ((error as { code?: unknown }).code === NOT_FOUND) return undefined;
    throw error;
  }
}
