import {
  type Approval,
  type Champion,
  type LineageArtifact,
  type LineageExecution,
  METADATA_STORE,
  type RunId,
  versionArtifactId,
} from '../../events/index.ts';
import type { Session } from '../commands/session.ts';
import { CommandError, EXIT } from '../terminal/exit-codes.ts';
import { type Origin, ofKind, originOf } from './lineage-graph.ts';
import { type Serving, servingOf } from './serving.ts';

type Of<Node, Kind> = Omit<Extract<Node, { kind: Kind }>, 'kind' | 'run'>;

/** Where a version comes from, as `models lineage --format json` prints it. */
export interface VersionLineage {
  /** `projects/…/models/census@3` */
  version: string;
  run: RunId;
  startedBy?: string;
  deployedAt?: string;
  /** Which data: the snapshots that it was trained and evaluated on. */
  data: Of<LineageArtifact, 'snapshot'>[];
  /** Which code: the containers that trained and evaluated it, and the commit of the program that started them. */
  code: { train?: Of<LineageExecution, 'train'>; evaluate?: Of<LineageExecution, 'evaluate'> };
  artefact?: Of<LineageArtifact, 'model'>;
  /** Which metrics, and what the gate said of them. */
  evaluation?: Of<LineageArtifact, 'evaluation'>;
  champion?: Champion;
  /** What was approved, and by whom where somebody had to. */
  approval?: { digest: string } & Partial<Approval>;
  /** What serves it now. */
  serving: Serving[];
}

/** More than there are events between a version and the farthest thing that it comes from. */
const HOPS = 10;
const NOT_FOUND = 5;

/**
 * Asks Vertex ML Metadata where a version comes from, and its endpoint whether it serves.
 *
 * @param reference a version's number, or an alias
 * @throws CommandError `notFound` when there is no such version, or nothing was recorded of it
 */
export async function readLineage(session: Session, reference: string): Promise<VersionLineage> {
  const { clients, environment } = session;
  const { project, region, model: id } = environment.prod;
  const location = `projects/${project}/locations/${region}`;
  const version = await versionOf(session, `${location}/models/${id}`, reference);
  const artifactId = versionArtifactId(id, version);
  const artifact = `${location}/metadataStores/${METADATA_STORE}/artifacts/${artifactId}`;
  const client = await clients.vertexMetadata(region);
  const [graph] = await orNotFound(
    client.queryArtifactLineageSubgraph({ artifact, maxHops: HOPS }),
    `nothing is recorded of version ${version} of ${id}: it is not deployed so far, or was before lineage was kept`,
  );
  const origin = originOf(graph, artifactId);
  const endpoints = ofKind(origin.artifacts, 'deployment').map(({ resourceName }) => resourceName);
  return lineageOf(origin, await servingOf(session, { model: id, version, endpoints }));
}

async function versionOf(
  { clients, environment }: Session,
  model: string,
  reference: string,
): Promise<string> {
  if (/^\d+$/.test(reference)) return reference;
  const registry = await clients.vertexModels(environment.prod.region);
  const [found] = await orNotFound(
    registry.getModel({ name: `${model}@${reference}` }),
    `${model} has no version ${reference}`,
  );
  return String(found.versionId);
}

/** Puts the answers together. */
export function lineageOf({ artifacts, executions }: Origin, serving: Serving[]): VersionLineage {
  const [version] = ofKind(artifacts, 'version');
  if (!version) throw new CommandError(EXIT.failure, 'what is recorded of the version is not of Baton');
  const [deploy] = ofKind(executions, 'deploy');
  const [train, evaluate] = [ofKind(executions, 'train')[0], ofKind(executions, 'evaluate')[0]];
  const [approval] = ofKind(artifacts, 'approval');
  return {
    version: version.resourceName,
    run: version.run,
    startedBy: deploy?.startedBy,
    deployedAt: deploy?.at,
    data: ofKind(artifacts, 'snapshot')
      .map(bare)
      .sort((left, right) => (left.table < right.table ? 1 : -1)),
    code: { train: train && bare(train), evaluate: evaluate && bare(evaluate) },
    artefact: ofKind(artifacts, 'model').map(bare)[0],
    evaluation: ofKind(artifacts, 'evaluation').map(bare)[0],
    champion: ofKind(executions, 'approve')[0]?.champion,
    approval: approval && { digest: approval.digest, ...approval.approval },
    serving,
  };
}

/** Without what only tells nodes apart. */
function bare<Node extends { kind: string; run: string }>({ kind: _, run: __, ...rest }: Node) {
  return rest;
}

async function orNotFound<Found>(found: Promise<Found>, message: string): Promise<Found> {
  try {
    return await found;
  } catch (error) {
    if ((error as { code?: number }).code === NOT_FOUND) throw new CommandError(EXIT.notFound, message);
    throw error;
  }
}
