import { toValue } from '@google-cloud/aiplatform/build/src/helpers.js';
import { describe, expect, it } from 'vitest';
import {
  Approved,
  approvalDigest,
  type BatonEvent,
  Deployed,
  LineageArtifact,
  LineageExecution,
  RunId,
} from '../../events/index.ts';
import { type LineageGraph, lineageOf } from '../../handlers/lineage-graph.ts';
import { originOf } from '../../ops/models/lineage-graph.ts';

const RUN = RunId.parse('census-0123456789');
const sha = (digit: string) => digit.repeat(64);
const files = (uri: string, digit: string) => ({
  ...{ uri: `gs://lake/runs/${RUN}/${uri}/`, sha256: sha(digit) },
  files: [{ name: 'a', bytes: 1, sha256: sha(digit) }],
});

const approved = (change: object = {}): Approved =>
  Approved.data.parse({
    model: 'census',
    artifact: files('train/1/model', '1'),
    job: 'projects/p/locations/r/customJobs/2',
    image: 'registry/evaluate@sha256:e',
    commit: 'abcdef0',
    trainImage: 'registry/train@sha256:f',
    trainCommit: 'abcdef0',
    trainJob: 'projects/p/locations/r/customJobs/1',
    trainParameters: { trees: 10 },
    metrics: { rows: 100, accuracy: 0.9, auc: 0.95, logLoss: 0.2 },
    metricsUri: `gs://lake/runs/${RUN}/evaluate/1/metrics.json`,
    metricsSha256: sha('2'),
    gate: { decision: 'passed', reasons: [], comparisons: [] },
    samples: `gs://lake/runs/${RUN}/evaluate/1/samples.jsonl`,
    snapshotDigests: { train: files('ingest/1/train', '3'), eval: files('ingest/1/eval', '4') },
    trainTable: 'p.census.train',
    approval: {
      ...{ by: 'someone@example.com', at: '2026-01-01T00:00:00Z', reason: 'better' },
      ...{ digest: sha('5'), expiresAt: '2026-01-02T00:00:00Z' },
    },
    ...change,
  });

const deployed = (attempt = 1, version = '3'): BatonEvent<ReturnType<typeof Deployed.data.parse>> => ({
  ...{ specversion: '1.0', id: `${RUN}/deploy/${attempt}/deployed`, source: '//baton.dev/deploy' },
  ...{ type: Deployed.type, time: '2026-01-01T01:00:00Z', datacontenttype: 'application/json' },
  ...{ correlationid: RUN, attempt, authid: 'starter@example.com' },
  data: Deployed.data.parse({
    model: { name: 'projects/q/locations/r/models/census', version, sha256: sha('1') },
    endpoint: 'projects/q/locations/r/endpoints/census',
    deployedModelId: `100000000${attempt}`,
    trafficSplit: { [`100000000${attempt}`]: 100 },
    trainTable: 'p.census.train',
  }),
});

const idsOf = ({ context, artifacts, steps }: LineageGraph) =>
  [context, ...artifacts, ...steps].map(({ id }) => id);

/** The graph as Vertex AI answers with it, in a project's number. */
function answered(...graphs: LineageGraph[]) {
  const store = 'projects/123/locations/r/metadataStores/default';
  const struct = (metadata: object) => {
    const value = toValue(JSON.parse(JSON.stringify(metadata))) as { structValue: object };
    return value.structValue;
  };
  const nodes = (collection: string, all: { id: string; metadata: object }[]) => [
    ...new Map(
      all.map(({ id, metadata }) => [
        id,
        { name: `${store}/${collection}/${id}`, metadata: struct(metadata) },
      ]),
    ).values(),
  ];
  return {
    artifacts: nodes(
      'artifacts',
      graphs.flatMap(({ artifacts }) => artifacts),
    ),
    executions: nodes(
      'executions',
      graphs.flatMap(({ steps }) => steps),
    ),
    events: graphs.flatMap(({ steps }) =>
      steps.flatMap(({ id, inputs, outputs }) => {
        const execution = `${store}/executions/${id}`;
        const events = (type: 'INPUT' | 'OUTPUT', ids: string[]) =>
          ids.map((artifact) => ({ artifact: `${store}/artifacts/${artifact}`, execution, type }));
        return [...events('INPUT', inputs), ...events('OUTPUT', outputs)];
      }),
    ),
  };
}

describe('the lineage of a deployment', () => {
  it('leads from the snapshots over model, evaluation and approval to the version and its deployment', () => {
    const { steps, artifacts } = lineageOf(deployed(), approved());
    const kindOf = new Map(artifacts.map(({ id, metadata }) => [id, metadata.kind]));
    const read = steps.map(({ metadata, inputs, outputs }) => [
      metadata.kind,
      inputs.map((id) => kindOf.get(id)),
      outputs.map((id) => kindOf.get(id)),
    ]);
    expect(read).toEqual([
      ['train', ['snapshot'], ['model']],
      ['evaluate', ['snapshot', 'model'], ['evaluation']],
      ['approve', ['model', 'evaluation'], ['approval']],
      ['deploy', ['model', 'approval'], ['version', 'deployment']],
    ]);
  });

  it('has ids that Vertex AI takes, also for the longest of runs, and metadata that is read again', () => {
    const event = { ...deployed(), correlationid: RunId.parse(`r${'x'.repeat(62)}`) };
    const graph = lineageOf(event, approved());
    for (const id of idsOf(graph)) expect(id).toMatch(/^[a-z0-9-]{4,128}$/);
    expect(new Set(idsOf(graph)).size).toBe(idsOf(graph).length);
    for (const { metadata } of graph.artifacts) expect(LineageArtifact.parse(metadata)).toEqual(metadata);
    for (const { metadata } of graph.steps) expect(LineageExecution.parse(metadata)).toEqual(metadata);
  });

  it('is the same of the same event, and has only what is another of a replay', () => {
    const first = lineageOf(deployed(), approved());
    expect(lineageOf(deployed(), approved())).toEqual(first);
    const again = lineageOf(deployed(2, '4'), approved());
    const added = idsOf(again).filter((id) => !idsOf(first).includes(id));
    expect(added).toEqual(['version-census-4', 'deployment-1000000002', `${RUN}-deploy-2`]);
  });

  it('names the digest of what was approved, also where nobody was asked', () => {
    const unasked = approved({ approval: undefined });
    const { artifacts } = lineageOf(deployed(), unasked);
    const approval = artifacts.find(({ metadata }) => metadata.kind === 'approval')?.metadata;
    expect(approval).toEqual({ kind: 'approval', run: RUN, digest: approvalDigest(unasked) });
  });

  it('leaves out the snapshots of an event of before they were digested', () => {
    const { artifacts, steps } = lineageOf(deployed(), approved({ snapshotDigests: undefined }));
    expect(artifacts.filter(({ metadata }) => metadata.kind === 'snapshot')).toEqual([]);
    expect(steps[0].inputs).toEqual([]);
  });
});

describe('the origin of a version', () => {
  const retrained = approved({
    artifact: files('train/2/model', '9'),
    trainJob: 'customJobs/9',
    job: 'customJobs/8',
  });
  const graph = answered(lineageOf(deployed(), approved()), lineageOf(deployed(2, '4'), retrained));

  it('is what led to it, and nothing of another version of the same run', () => {
    const { artifacts, executions } = originOf(graph, 'version-census-4');
    expect(artifacts.map(({ kind }) => kind).sort()).toEqual(
      ['approval', 'deployment', 'evaluation', 'model', 'snapshot', 'snapshot', 'version'].sort(),
    );
    const [train] = executions.filter((it) => it.kind === 'train');
    expect(train).toMatchObject({
      job: 'customJobs/9',
      image: 'registry/train@sha256:f',
      parameters: { trees: 10 },
    });
    expect(executions).toHaveLength(4);
  });

  it('leaves out what others keep in the store', () => {
    const foreign = { name: 'projects/123/locations/r/metadataStores/default/executions/foreign' };
    const version = graph.artifacts.find(({ name }) => name.endsWith('/version-census-3'))!.name;
    const events = [...graph.events, { artifact: version, execution: foreign.name, type: 'OUTPUT' as const }];
    const { executions } = originOf(
      { ...graph, executions: [...graph.executions, foreign], events },
      'version-census-3',
    );
    expect(executions.map(({ kind }) => kind).sort()).toEqual(['approve', 'deploy', 'evaluate', 'train']);
  });
});
