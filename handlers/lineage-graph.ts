import { createHash } from 'node:crypto';
import type { z } from 'zod';
import {
  type Approved,
  approvalDigest,
  type BatonEvent,
  type Deployed,
  type LineageArtifact,
  type LineageExecution,
  versionArtifactId,
} from '../events/index.ts';

type Deployment = BatonEvent<z.output<typeof Deployed.data>>;

/** A node of the graph, under an id of ours, so that it is written once however often it is asked for. */
export interface GraphNode<Metadata = object> {
  id: string;
  schemaTitle: string;
  displayName: string;
  uri?: string;
  metadata: Metadata;
}
type Made = GraphNode<LineageArtifact>;

/** Something that was done, with the ids of the artifacts that it read, and of those that it made. */
export type Step = GraphNode<LineageExecution> & { inputs: string[]; outputs: string[] };

/** Where a deployed model comes from: its run, what the run made, and what was done. */
export interface LineageGraph {
  context: GraphNode;
  artifacts: Made[];
  steps: Step[];
}

/** Differs where the thing does: a replay that makes another one is told from one that makes the same. */
const mark = (...parts: (string | undefined)[]) =>
  createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 12);

/** The lineage that a deployment tells of: `train` and `evaluate`, `approve`, `deploy`, and what is between them. */
export function lineageOf(event: Deployment, approved: Approved): LineageGraph {
  const { correlationid: run, sequence, authid: startedBy } = event;
  const [train, evaluated] = [snapshotOf('train', event, approved), snapshotOf('eval', event, approved)];
  const model = modelOf(event, approved);
  const evaluation = evaluationOf(event, approved);
  const approval = approvalOf(event, approved);
  const deployed = [versionOf(event), deploymentOf(event)];
  return {
    context: {
      id: `run-${run}`,
      schemaTitle: 'system.PipelineRun',
      displayName: run,
      metadata: { run, model: approved.model, sequence, startedBy },
    },
    artifacts: [...train, ...evaluated, model, evaluation, approval, ...deployed],
    steps: [
      stepOf(trainingOf(event, approved), train, [model]),
      stepOf(judgingOf(event, approved), [...evaluated, model], [evaluation]),
      stepOf(approvingOf(event, approved), [model, evaluation], [approval]),
      stepOf(deployingOf(event), [model, approval], deployed),
    ],
  };
}

const stepOf = (step: GraphNode<LineageExecution>, inputs: Made[], outputs: Made[]): Step => ({
  ...step,
  inputs: inputs.map(({ id }) => id),
  outputs: outputs.map(({ id }) => id),
});

/** Events of before the snapshots were digested have none. */
function snapshotOf(
  table: 'train' | 'eval',
  { correlationid: run }: Deployment,
  { snapshotDigests, trainTable }: Approved,
): Made[] {
  if (!snapshotDigests) return [];
  const { uri, sha256 } = snapshotDigests[table];
  const source = table === 'train' ? trainTable : undefined;
  return [
    {
      id: `${run}-${table}-${mark(uri, sha256)}`,
      schemaTitle: 'system.Dataset',
      displayName: `${table} rows of ${run}`,
      uri,
      metadata: { kind: 'snapshot', run, table, uri, sha256, source },
    },
  ];
}

function modelOf({ correlationid: run }: Deployment, { model, artifact: { uri, sha256 } }: Approved): Made {
  return {
    id: `${run}-model-${mark(uri, sha256)}`,
    schemaTitle: 'system.Model',
    displayName: `${model} of ${run}`,
    uri,
    metadata: { kind: 'model', run, model, uri, sha256 },
  };
}

function evaluationOf({ correlationid: run }: Deployment, approved: Approved): Made {
  const { metrics, metricsUri: uri, metricsSha256: sha256, gate, job } = approved;
  return {
    id: `${run}-evaluation-${mark(job, uri, sha256)}`,
    schemaTitle: 'system.Metrics',
    displayName: `evaluation of ${run}`,
    uri,
    metadata: { kind: 'evaluation', run, uri, sha256, figures: metrics, gate },
  };
}

const approvalMark = (approved: Approved) => mark(approvalDigest(approved), approved.approval?.at);

function approvalOf({ correlationid: run }: Deployment, approved: Approved): Made {
  const { approval } = approved;
  return {
    id: `${run}-approval-${approvalMark(approved)}`,
    schemaTitle: 'system.Artifact',
    displayName: `approval of ${run}`,
    metadata: { kind: 'approval', run, digest: approvalDigest(approved), approval },
  };
}

function versionOf({ correlationid: run, data: { model } }: Deployment): Made {
  const resourceName = `${model.name}@${model.version}`;
  return {
    id: versionArtifactId(model.name, model.version),
    schemaTitle: 'google.VertexModel',
    displayName: `version ${model.version} of ${run}`,
    uri: addressOf(resourceName),
    metadata: { kind: 'version', run, resourceName, sha256: model.sha256 },
  };
}

function deploymentOf({ correlationid: run, data }: Deployment): Made {
  const { endpoint: resourceName, deployedModelId, trafficSplit } = data;
  return {
    id: `deployment-${deployedModelId}`,
    schemaTitle: 'google.VertexEndpoint',
    displayName: `deployment of ${run}`,
    uri: addressOf(resourceName),
    metadata: { kind: 'deployment', run, resourceName, deployedModelId, trafficSplit },
  };
}

/** A resource's address in the API of its region, as Vertex AI's own artifacts have it. */
const addressOf = (name: string) => `https://${name.split('/')[3]}-aiplatform.googleapis.com/v1/${name}`;

function trainingOf({ correlationid: run }: Deployment, approved: Approved): GraphNode<LineageExecution> {
  const { trainJob: job, trainImage: image, trainCommit: commit, trainParameters: parameters } = approved;
  return {
    id: `${run}-train-${mark(job, approved.artifact.uri, approved.artifact.sha256)}`,
    schemaTitle: 'system.ContainerExecution',
    displayName: `train ${run}`,
    metadata: { kind: 'train', run, job, image, commit, parameters },
  };
}

function judgingOf(
  { correlationid: run }: Deployment,
  { job, image, commit }: Approved,
): GraphNode<LineageExecution> {
  return {
    id: `${run}-evaluate-${mark(job)}`,
    schemaTitle: 'system.ContainerExecution',
    displayName: `evaluate ${run}`,
    metadata: { kind: 'evaluate', run, job, image, commit },
  };
}

function approvingOf({ correlationid: run }: Deployment, approved: Approved): GraphNode<LineageExecution> {
  return {
    id: `${run}-approve-${approvalMark(approved)}`,
    schemaTitle: 'system.Run',
    displayName: `approve ${run}`,
    metadata: { kind: 'approve', run, champion: approved.champion },
  };
}

function deployingOf(event: Deployment): GraphNode<LineageExecution> {
  const { correlationid: run, attempt, time: at, authid: startedBy } = event;
  return {
    id: `${run}-deploy-${attempt}`,
    schemaTitle: 'system.Run',
    displayName: `deploy ${run}`,
    metadata: { kind: 'deploy', run, attempt, at, startedBy },
  };
}
