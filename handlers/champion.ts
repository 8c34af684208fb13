import { type DeployedModel, deployedModels, shareOf } from './endpoint.ts';
import type { Endpoint } from './endpoint-update.ts';
import { findVersionAs, type ModelVersion, mergeAliases } from './model-registry.ts';
import type { Environment } from './runtime/environment.ts';

/** The aliases by which everybody finds the version that serves, and the one that may take its place. */
const CHAMPION = 'champion';
const CHALLENGER = 'challenger';

/**
 * The deployed model that has the alias `champion`, or where none has it, as at an endpoint that others have filled, the
 * one that serves most.
 */
export async function championAt(
  endpoint: Endpoint,
  environment: Environment,
): Promise<DeployedModel | undefined> {
  const champion = await findVersionAs(CHAMPION, environment);
  return (champion && deployedAs(endpoint, champion.version)) ?? servingMost(endpoint);
}

/** The deployed model of a version: the one with traffic, should there be several. */
export function deployedAs(endpoint: Endpoint, version: string): DeployedModel | undefined {
  const ofVersion = deployedModels(endpoint).filter(({ modelVersionId }) => modelVersionId === version);
  return byShare(endpoint, ofVersion)[0];
}

function servingMost(endpoint: Endpoint): DeployedModel | undefined {
  const serving = deployedModels(endpoint).filter(({ id }) => shareOf(endpoint, String(id)) > 0);
  return byShare(endpoint, serving)[0];
}

const byShare = (endpoint: Endpoint, models: DeployedModel[]) =>
  models.toSorted((left, right) => shareOf(endpoint, String(right.id)) - shareOf(endpoint, String(left.id)));

/** Moves the alias `challenger` to a version, where it isn't there already. */
export async function makeChallenger(version: ModelVersion): Promise<void> {
  if (!version.aliases.includes(CHALLENGER)) await mergeAliases(version, [CHALLENGER]);
}

/** Moves the alias `champion` to a version, and leaves no challenger. */
export async function makeChampion(version: string, environment: Environment): Promise<void> {
  const [winner, challenger] = await Promise.all([
    findVersionAs(version, environment),
    findVersionAs(CHALLENGER, environment),
  ]);
  if (!winner)
    throw new Error(`version ${version} of ${environment.BATON_MODEL} serves and is not registered`);
  if (challenger && challenger.version !== winner.version) await mergeAliases(challenger, [`-${CHALLENGER}`]);
  const changes = [
    ...(winner.aliases.includes(CHAMPION) ? [] : [CHAMPION]),
    ...(winner.aliases.includes(CHALLENGER) ? [`-${CHALLENGER}`] : []),
  ];
  if (changes.length > 0) await mergeAliases(winner, changes);
}
