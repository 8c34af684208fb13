import { fromValue, toValue } from '@google-cloud/aiplatform/build/src/helpers.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LOCATION, startVertex, type VertexServices } from './vertex-services.ts';

const STORE = `${LOCATION}/metadataStores/default`;
const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
const ABORTED = 10;

let services: VertexServices;
const metadata = () => services.clients.metadata;
const idsOf = (nodes: { name?: string | null }[] | null | undefined) =>
  (nodes ?? []).map(({ name }) => name?.split('/').at(-1)).sort();
const structOf = (value: object) => (toValue(value) as { structValue: object }).structValue;

async function artifact(artifactId: string, fields: object = {}): Promise<string> {
  const [made] = await metadata().createArtifact({ parent: STORE, artifactId, artifact: fields });
  return made.name ?? '';
}

async function execution(executionId: string, inputs: string[], outputs: string[]): Promise<string> {
  const [made] = await metadata().createExecution({ parent: STORE, executionId, execution: {} });
  await metadata().addExecutionEvents({
    execution: made.name ?? '',
    events: [
      ...inputs.map((input) => ({ artifact: input, type: 'INPUT' as const })),
      ...outputs.map((output) => ({ artifact: output, type: 'OUTPUT' as const })),
    ],
  });
  return made.name ?? '';
}

beforeAll(async () => {
  services = await startVertex();
});
afterAll(() => services.close());

describe('a metadata store', () => {
  test('is made by nothing that is written: without one, that is refused', async () => {
    const parent = `${LOCATION}/metadataStores/nowhere`;
    await expect(metadata().createContext({ parent, context: {} })).rejects.toMatchObject({
      code: NOT_FOUND,
    });
  });

  test('is created once, under the id that the client chose', async () => {
    const request = { parent: LOCATION, metadataStoreId: 'default', metadataStore: { description: 'All.' } };
    const [operation] = await metadata().createMetadataStore(request);
    const [store] = await operation.promise();
    expect(store).toMatchObject({ name: STORE, description: 'All.' });
    await expect(metadata().createMetadataStore(request)).rejects.toMatchObject({ code: ALREADY_EXISTS });
    expect((await metadata().getMetadataStore({ name: STORE }))[0].description).toBe('All.');
    expect(idsOf((await metadata().listMetadataStores({ parent: LOCATION }))[0])).toEqual(['default']);
  });
});

describe('artifacts, executions and contexts', () => {
  test('have the ids that clients choose, each once, and stay as they were first written', async () => {
    const name = await artifact('model-1', {
      displayName: 'a model',
      uri: 'gs://models/1/',
      state: 'LIVE',
      schemaTitle: 'system.Model',
      schemaVersion: '0.0.1',
      metadata: structOf({ rows: 3, names: ['a', null], nested: { ok: true } }),
    });
    expect(name).toBe(`${STORE}/artifacts/model-1`);
    await expect(artifact('model-1', { displayName: 'another' })).rejects.toMatchObject({
      code: ALREADY_EXISTS,
    });
    const [kept] = await metadata().getArtifact({ name });
    expect(kept).toMatchObject({ displayName: 'a model', state: 'LIVE', schemaTitle: 'system.Model' });
    const value = { kind: 'structValue', structValue: kept.metadata } as Parameters<typeof fromValue>[0];
    expect(fromValue(value)).toEqual({ rows: 3, names: ['a', null], nested: { ok: true } });
  });

  test.each([
    ['an id that is too short', { artifactId: 'abc', artifact: {} }, INVALID_ARGUMENT],
    ['an id with upper-case letters', { artifactId: 'Model-1', artifact: {} }, INVALID_ARGUMENT],
    ['a label that is none', { artifact: { labels: { 'no label': 'x' } } }, INVALID_ARGUMENT],
    ['a long name', { artifact: { displayName: 'x'.repeat(129) } }, INVALID_ARGUMENT],
    ['much metadata', { artifact: { metadata: structOf({ text: 'x'.repeat(200_000) }) } }, INVALID_ARGUMENT],
    ['a schema that nobody registered', { artifact: { schemaTitle: 'my.Model' } }, NOT_FOUND],
  ])('are refused with %s', async (_what, request, code) => {
    await expect(metadata().createArtifact({ parent: STORE, ...request })).rejects.toMatchObject({ code });
  });

  test('are changed by their mask, unless somebody changed them since they were read', async () => {
    const name = await artifact('changing', { displayName: 'before', uri: 'gs://a/' });
    const [{ etag }] = await metadata().getArtifact({ name });
    const update = (displayName: string) =>
      metadata().updateArtifact({
        artifact: { name, displayName, etag },
        updateMask: { paths: ['display_name'] },
      });
    expect((await update('after'))[0]).toMatchObject({ displayName: 'after', uri: 'gs://a/' });
    await expect(update('too late')).rejects.toMatchObject({ code: ABORTED });
  });

  test('are found by their schema, their metadata and the context that they are in', async () => {
    const named = structOf({ role: 'searched', size: 7 });
    const both = { schemaTitle: 'system.Dataset', metadata: named };
    const [inside, outside] = [await artifact('inside', both), await artifact('outside', both)];
    const [{ name: context }] = await metadata().createContext({
      parent: STORE,
      contextId: 'searched',
      context: {},
    });
    await metadata().addContextArtifactsAndExecutions({ context, artifacts: [inside] });
    const list = async (filter: string) =>
      idsOf((await metadata().listArtifacts({ parent: STORE, filter }))[0]);
    expect(await list('schema_title = "system.Dataset" AND metadata.role.string_value = "searched"')).toEqual(
      ['inside', 'outside'],
    );
    expect(await list(`metadata.size.number_value = 7 AND in_context("${context}")`)).toEqual(['inside']);
    expect(await list(`in_context("${context}") AND metadata.size.number_value = 8`)).toEqual([]);
    await expect(list('in_contexts("x")')).rejects.toMatchObject({ code: INVALID_ARGUMENT });
    expect(outside).toContain('/artifacts/outside');
  });
});

describe('lineage', () => {
  let data: string;
  let model: string;
  let train: string;
  let context: string;

  beforeAll(async () => {
    data = await artifact('lineage-data');
    model = await artifact('lineage-model');
    const served = await artifact('lineage-served');
    train = await execution('lineage-train', [data], [model]);
    const deploy = await execution('lineage-deploy', [model], [served]);
    const [made] = await metadata().createContext({ parent: STORE, contextId: 'lineage-run', context: {} });
    context = made.name ?? '';
    await metadata().addContextArtifactsAndExecutions({
      context,
      artifacts: [data, model, served],
      executions: [train, deploy],
    });
  });

  test('is all that an artifact is connected with, or as far as so many events lead', async () => {
    const [all] = await metadata().queryArtifactLineageSubgraph({ artifact: data });
    expect(idsOf(all.artifacts)).toEqual(['lineage-data', 'lineage-model', 'lineage-served']);
    expect(idsOf(all.executions)).toEqual(['lineage-deploy', 'lineage-train']);
    expect(all.events).toHaveLength(4);
    const [near] = await metadata().queryArtifactLineageSubgraph({ artifact: data, maxHops: 2 });
    expect(idsOf(near.artifacts)).toEqual(['lineage-data', 'lineage-model']);
    expect(idsOf(near.executions)).toEqual(['lineage-train']);
  });

  test("is an execution's inputs and outputs, and what a context has", async () => {
    const [around] = await metadata().queryExecutionInputsAndOutputs({ execution: train });
    const events = around.events?.map(({ artifact: name, type }) => [name, type]);
    expect(events).toEqual([
      [data, 'INPUT'],
      [model, 'OUTPUT'],
    ]);
    const [within] = await metadata().queryContextLineageSubgraph({ context });
    expect(within.artifacts).toHaveLength(3);
    expect(within.events).toHaveLength(4);
  });

  test('skips what it has, and refuses what is not there', async () => {
    const again = [{ artifact: data, type: 'INPUT' as const }];
    await metadata().addExecutionEvents({ execution: train, events: again });
    await metadata().addContextArtifactsAndExecutions({ context, artifacts: [data], executions: [train] });
    const [within] = await metadata().queryContextLineageSubgraph({ context });
    expect([within.artifacts?.length, within.executions?.length, within.events?.length]).toEqual([3, 2, 4]);
    const nowhere = [{ artifact: `${STORE}/artifacts/nowhere`, type: 'INPUT' as const }];
    await expect(metadata().addExecutionEvents({ execution: train, events: nowhere })).rejects.toMatchObject({
      code: NOT_FOUND,
    });
    const untyped = [{ artifact: data }];
    await expect(metadata().addExecutionEvents({ execution: train, events: untyped })).rejects.toMatchObject({
      code: INVALID_ARGUMENT,
    });
  });

  test('is still there after a second start', async () => {
    await services.restart();
    const [within] = await metadata().queryContextLineageSubgraph({ context });
    expect([within.artifacts?.length, within.executions?.length, within.events?.length]).toEqual([3, 2, 4]);
  });
});
