import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import type { FilterFunctions } from '../filter.ts';
import type { Metadata } from './metadata.ts';

type V1 = typeof google.cloud.aiplatform.v1;
type Request<Name extends keyof V1> = V1[Name] extends { create: (properties?: infer Properties) => unknown }
  ? NonNullable<Properties>
  : never;

/** The methods of `MetadataService`, as far as it goes here: nothing is deleted or purged. */
export function metadataMethods(metadata: Metadata) {
  return {
    ...storeMethods(metadata),
    ...artifactMethods(metadata),
    ...executionMethods(metadata),
    ...contextMethods(metadata),
  };
}

function storeMethods({ stores }: Metadata) {
  return {
    CreateMetadataStore: (request: Request<'CreateMetadataStoreRequest'>) =>
      stores.create(request.parent ?? '', request.metadataStore ?? {}, request.metadataStoreId ?? ''),
    GetMetadataStore: (request: Request<'GetMetadataStoreRequest'>) => stores.get(request.name ?? ''),
    ListMetadataStores: (request: Request<'ListMetadataStoresRequest'>) =>
      stores.list(request.parent ?? '', request),
  };
}

/** `in_context("…")` of filters. */
const inContext = ({ lineage }: Metadata): FilterFunctions => ({
  in_context: (context) => (node) => lineage.isMember(context, node),
});

function artifactMethods(metadata: Metadata) {
  const { artifacts, lineage } = metadata;
  return {
    CreateArtifact: (request: Request<'CreateArtifactRequest'>) =>
      artifacts.create(request.parent ?? '', request.artifact ?? {}, request.artifactId),
    GetArtifact: (request: Request<'GetArtifactRequest'>) => artifacts.get(request.name ?? ''),
    ListArtifacts: (request: Request<'ListArtifactsRequest'>) => {
      const { page, nextPageToken } = artifacts.list(request.parent ?? '', request, inContext(metadata));
      return { artifacts: page, nextPageToken };
    },
    UpdateArtifact: (request: Request<'UpdateArtifactRequest'>) =>
      artifacts.update(
        request.artifact ?? {},
        request.updateMask?.paths ?? [],
        request.allowMissing ?? false,
      ),
    QueryArtifactLineageSubgraph: (request: Request<'QueryArtifactLineageSubgraphRequest'>) =>
      lineage.ofArtifact(request.artifact ?? '', request.maxHops ?? 0, request.filter ?? ''),
  };
}

function executionMethods(metadata: Metadata) {
  const { executions, lineage } = metadata;
  return {
    CreateExecution: (request: Request<'CreateExecutionRequest'>) =>
      executions.create(request.parent ?? '', request.execution ?? {}, request.executionId),
    GetExecution: (request: Request<'GetExecutionRequest'>) => executions.get(request.name ?? ''),
    ListExecutions: (request: Request<'ListExecutionsRequest'>) => {
      const { page, nextPageToken } = executions.list(request.parent ?? '', request, inContext(metadata));
      return { executions: page, nextPageToken };
    },
    UpdateExecution: (request: Request<'UpdateExecutionRequest'>) =>
      executions.update(
        request.execution ?? {},
        request.updateMask?.paths ?? [],
        request.allowMissing ?? false,
      ),
    AddExecutionEvents: (request: Request<'AddExecutionEventsRequest'>) => {
      lineage.addEvents(request.execution ?? '', request.events ?? []);
      return {};
    },
    QueryExecutionInputsAndOutputs: (request: Request<'QueryExecutionInputsAndOutputsRequest'>) =>
      lineage.ofExecution(request.execution ?? ''),
  };
}

function contextMethods({ contexts, lineage }: Metadata) {
  return {
    CreateContext: (request: Request<'CreateContextRequest'>) =>
      contexts.create(request.parent ?? '', request.context ?? {}, request.contextId),
    GetContext: (request: Request<'GetContextRequest'>) => contexts.get(request.name ?? ''),
    ListContexts: (request: Request<'ListContextsRequest'>) => {
      const { page, nextPageToken } = contexts.list(request.parent ?? '', request);
      return { contexts: page, nextPageToken };
    },
    UpdateContext: (request: Request<'UpdateContextRequest'>) =>
      contexts.update(request.context ?? {}, request.updateMask?.paths ?? [], request.allowMissing ?? false),
    AddContextArtifactsAndExecutions: (request: Request<'AddContextArtifactsAndExecutionsRequest'>) => {
      lineage.addMembers(request.context ?? '', request.artifacts ?? [], request.executions ?? []);
      return {};
    },
    QueryContextLineageSubgraph: (request: Request<'QueryContextLineageSubgraphRequest'>) =>
      lineage.ofContext(request.context ?? ''),
  };
}
