import type { protos } from '@google-cloud/aiplatform';
import { toValue } from '@google-cloud/aiplatform/build/src/helpers.js';
import { METADATA_STORE } from '../events/index.ts';
import type { GraphNode, LineageGraph } from './lineage-graph.ts';
import { vertexMetadata } from './runtime/clients.ts';
import type { Environment } from './runtime/environment.ts';
import { isAlreadyExists } from './runtime/failure.ts';

/** The version of all schemas that Vertex AI publishes. */
const SCHEMA_VERSION = '0.0.1';

/**
 * Writes a graph to the project's metadata store: what is there already stays as it is. Vertex AI skips events and
 * members that it has, so a graph that was written in part is completed, and one written twice is written once.
 */
export async function writeLineage(
  { context, artifacts, steps }: LineageGraph,
  { GOOGLE_CLOUD_PROJECT: project, BATON_REGION: region }: Environment,
): Promise<void> {
  const client = await vertexMetadata();
  const parent = `projects/${project}/locations/${region}/metadataStores/${METADATA_STORE}`;
  const artifactName = (id: string) => `${parent}/artifacts/${id}`;
  const executionName = (id: string) => `${parent}/executions/${id}`;

  await Promise.all([
    created(client.createContext({ parent, contextId: context.id, context: described(context) })),
    ...artifacts.map((node) => {
      const artifact = { ...described(node), uri: node.uri, state: 'LIVE' } as const;
      return created(client.createArtifact({ parent, artifactId: node.id, artifact }));
    }),
    ...steps.map((step) => {
      const execution = { ...described(step), state: 'COMPLETE' } as const;
      return created(client.createExecution({ parent, executionId: step.id, execution }));
    }),
  ]);
  await Promise.all([
    ...steps.map(({ id, inputs, outputs }) =>
      client.addExecutionEvents({
        execution: executionName(id),
        events: [
          ...inputs.map((input) => ({ artifact: artifactName(input), type: 'INPUT' as const })),
          ...outputs.map((output) => ({ artifact: artifactName(output), type: 'OUTPUT' as const })),
        ],
      }),
    ),
    client.addContextArtifactsAndExecutions({
      context: `${parent}/contexts/${context.id}`,
      artifacts: artifacts.map(({ id }) => artifactName(id)),
      executions: steps.map(({ id }) => executionName(id)),
    }),
  ]);
}

function described({ displayName, schemaTitle, metadata }: GraphNode) {
  // As JSON, which has no values that are undefined.
  const { structValue } = toValue(JSON.parse(JSON.stringify(metadata))) as protos.google.protobuf.IValue;
  return { displayName, schemaTitle, schemaVersion: SCHEMA_VERSION, metadata: structValue };
}

/** Somebody who created the same before us has created it for us. */
async function created(creation: Promise<unknown>): Promise<void> {
  try {
    await creation;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
