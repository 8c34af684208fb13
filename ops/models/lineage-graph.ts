import type { protos } from '@google-cloud/aiplatform';
import { fromValue } from '@google-cloud/aiplatform/build/src/helpers.js';
import { LineageArtifact, LineageExecution } from '../../events/index.ts';

export type Subgraph = protos.google.cloud.aiplatform.v1.ILineageSubgraph;
type Node = { name?: string | null; metadata?: protos.google.protobuf.IStruct | null };

/** What an artifact comes from: all that led to it, and what was made beside it. */
export interface Origin {
  artifacts: LineageArtifact[];
  executions: LineageExecution[];
}

/** Vertex AI answers with project numbers where we ask with ids, so names are compared by their last part. */
const idOf = (name: string | null | undefined) => String(name).split('/').at(-1) ?? '';

/** Follows the events of a graph back from an artifact. What others keep in the store is left out. */
export function originOf(graph: Subgraph, artifactId: string): Origin {
  const events = (graph.events ?? []).map(({ artifact, execution, type }) => ({
    ...{ artifact: idOf(artifact), execution: idOf(execution) },
    isOutput: type === 'OUTPUT',
  }));
  const executions = new Set<string>();
  const artifacts = new Set([artifactId]);
  // A set is walked in the order in which it grows.
  for (const artifact of artifacts) {
    for (const made of events.filter((event) => event.isOutput && event.artifact === artifact)) {
      executions.add(made.execution);
      const read = events.filter((event) => !event.isOutput && event.execution === made.execution);
      for (const { artifact: input } of read) artifacts.add(input);
    }
  }
  const [maker] = executions;
  const beside = events.filter((event) => event.isOutput && event.execution === maker);
  for (const { artifact } of beside) artifacts.add(artifact);
  const within = (ids: Set<string>) => (node: Node) => ids.has(idOf(node.name));
  return {
    artifacts: (graph.artifacts ?? [])
      .filter(within(artifacts))
      .flatMap((node) => LineageArtifact.safeParse(metadataOf(node)).data ?? []),
    executions: (graph.executions ?? [])
      .filter(within(executions))
      .flatMap((node) => LineageExecution.safeParse(metadataOf(node)).data ?? []),
  };
}

const metadataOf = ({ metadata }: Node): unknown =>
  metadata?.fields &&
  fromValue({ kind: 'structValue', structValue: metadata } as Parameters<typeof fromValue>[0]);

/** The nodes of one kind. */
export const ofKind = <Nodes extends { kind: string }, Kind extends Nodes['kind']>(
  nodes: Nodes[],
  kind: Kind,
): Extract<Nodes, { kind: Kind }>[] =>
  nodes.filter((node): node is Extract<Nodes, { kind: Kind }> => node.kind === kind);
