import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createEndpoint,
  deploy,
  LOCATION,
  MODEL_BUCKET,
  startVertex,
  uploadModel,
  type VertexServices,
} from './vertex-services.ts';

let services: VertexServices;
beforeAll(async () => {
  services = await startVertex();
});
afterAll(() => services.close());

const nameOf = (modelId: string) => `${LOCATION}/models/${modelId}`;

async function aliasesOf(model: string): Promise<string[]> {
  const [{ versionAliases }] = await services.clients.models.getModel({ name: model });
  return [...(versionAliases ?? [])].sort();
}

test('the first upload makes the model with its default version', async () => {
  const version = await uploadModel(services, { modelId: 'first', versionAliases: ['run-1'] });
  expect(version).toBe(`${nameOf('first')}@1`);
  const [model] = await services.clients.models.getModel({ name: nameOf('first') });
  expect(model).toMatchObject({ name: nameOf('first'), versionId: '1', displayName: 'census' });
  expect(await aliasesOf(nameOf('first'))).toEqual(['default', 'run-1']);
});

test('the artefacts are copied, so the originals may go', async () => {
  const folder = 'runs/copied/model';
  await services.objects.write(MODEL_BUCKET, `${folder}/model.json`, Buffer.from('{}'));
  const [operation] = await services.clients.models.uploadModel({
    parent: LOCATION,
    modelId: 'copied',
    model: {
      displayName: 'copied',
      artifactUri: `gs://${MODEL_BUCKET}/${folder}`,
      containerSpec: { imageUri: 'serve' },
    },
  });
  await operation.promise();
  services.objects.delete(MODEL_BUCKET, `${folder}/model.json`);
  const copies = services.objects.list('vertex-managed-test-project', '');
  expect(copies.map(({ name }) => name)).toContainEqual(
    expect.stringMatching(/^\d+\/artifacts\/model\.json$/),
  );
});

test('a version is uploaded under its parent and found by id and alias', async () => {
  await uploadModel(services, { modelId: 'versions', versionAliases: ['run-1'] });
  const second = await uploadModel(services, { parentModel: nameOf('versions'), versionAliases: ['run-2'] });
  expect(second).toBe(`${nameOf('versions')}@2`);
  const versionOf = async (name: string) => (await services.clients.models.getModel({ name }))[0].versionId;
  expect(await versionOf(nameOf('versions'))).toBe('1');
  expect(await versionOf(`${nameOf('versions')}@2`)).toBe('2');
  expect(await versionOf(`${nameOf('versions')}@run-2`)).toBe('2');
  await expect(versionOf(`${nameOf('versions')}@run-3`)).rejects.toMatchObject({ code: 5 });
  const [versions] = await services.clients.models.listModelVersions({ name: nameOf('versions') });
  expect(versions.map(({ name }) => name)).toEqual([`${nameOf('versions')}@2`, `${nameOf('versions')}@1`]);
});

test('an alias moves between versions, can be removed, and one version stays the default', async () => {
  const first = await uploadModel(services, { modelId: 'aliases', versionAliases: ['champion'] });
  const second = await uploadModel(services, { parentModel: nameOf('aliases') });
  await services.clients.models.mergeVersionAliases({
    name: second,
    versionAliases: ['champion', 'default'],
  });
  expect(await aliasesOf(first)).toEqual([]);
  expect(await aliasesOf(second)).toEqual(['champion', 'default']);
  await services.clients.models.mergeVersionAliases({ name: second, versionAliases: ['-champion', 'seen'] });
  expect(await aliasesOf(second)).toEqual(['default', 'seen']);
  await expect(
    services.clients.models.mergeVersionAliases({ name: second, versionAliases: ['-default'] }),
  ).rejects.toMatchObject({ code: 3 });
  await expect(
    services.clients.models.mergeVersionAliases({ name: second, versionAliases: ['7th'] }),
  ).rejects.toMatchObject({ code: 3 });
});

test('a second upload of the same model id is refused', async () => {
  await uploadModel(services, { modelId: 'taken' });
  await expect(uploadModel(services, { modelId: 'taken' })).rejects.toMatchObject({ code: 6 });
});

test.each([
  ['artefacts that are not there', { artifactUri: `gs://${MODEL_BUCKET}/runs/none/` }, 5],
  ['a bucket that is not there', { artifactUri: 'gs://no-such-bucket/model/' }, 5],
  ['no container', { containerSpec: null }, 3],
  ['an alias like a version id', { versionAliases: ['12'] }, 3],
  ['a route without its slash', { containerSpec: { imageUri: 'serve', predictRoute: 'predict' } }, 3],
])('an upload with %s is refused', async (_what, change, code) => {
  const model = { displayName: 'refused', containerSpec: { imageUri: 'serve' }, ...change };
  await expect(services.clients.models.uploadModel({ parent: LOCATION, model })).rejects.toMatchObject({
    code,
  });
});

test("a model's and a version's fields are updated by the mask", async () => {
  const version = await uploadModel(services, { modelId: 'updated' });
  await services.clients.models.updateModel({
    model: {
      name: nameOf('updated'),
      displayName: 'renamed',
      description: 'not masked',
      labels: { team: 'ml' },
    },
    updateMask: { paths: ['display_name', 'labels'] },
  });
  await services.clients.models.updateModel({
    model: { name: version, versionDescription: 'from drop 1' },
    updateMask: { paths: ['version_description'] },
  });
  const [model] = await services.clients.models.getModel({ name: version });
  expect(model).toMatchObject({
    displayName: 'renamed',
    description: '',
    labels: { team: 'ml' },
    versionDescription: 'from drop 1',
  });
  await expect(
    services.clients.models.updateModel({
      model: { name: nameOf('updated'), artifactUri: 'gs://elsewhere/' },
      updateMask: { paths: ['artifact_uri'] },
    }),
  ).rejects.toMatchObject({ code: 3 });
});

test('models are listed by filter', async () => {
  await uploadModel(services, { modelId: 'listed' });
  await services.clients.models.updateModel({
    model: { name: nameOf('listed'), displayName: 'listed', labels: { kind: 'listed' } },
    updateMask: { paths: ['labels', 'display_name'] },
  });
  const list = async (filter: string) =>
    (await services.clients.models.listModels({ parent: LOCATION, filter }))[0];
  expect((await list('labels.kind:*')).map(({ name }) => name)).toEqual([nameOf('listed')]);
  expect((await list('model=listed')).map(({ name }) => name)).toEqual([nameOf('listed')]);
  expect(await list('display_name="nothing"')).toEqual([]);
});

test('a deployed version keeps itself and its model', async () => {
  const first = await uploadModel(services, { modelId: 'kept' });
  const second = await uploadModel(services, { parentModel: nameOf('kept') });
  const endpoint = await createEndpoint(services, 'keeps-models');
  await deploy(services, endpoint, { model: second, id: '7' });
  const [model] = await services.clients.models.getModel({ name: second });
  expect(model.deployedModels).toMatchObject([{ endpoint, deployedModelId: '7' }]);
  const { models } = services.clients;
  await expect(models.deleteModelVersion({ name: second })).rejects.toMatchObject({ code: 9 });
  await expect(models.deleteModel({ name: nameOf('kept') })).rejects.toMatchObject({ code: 9 });
  await expect(models.deleteModelVersion({ name: first })).rejects.toMatchObject({ code: 9 });
  const [operation] = await services.clients.endpoints.undeployModel({ endpoint, deployedModelId: '7' });
  await operation.promise();
  const [versionDeletion] = await models.deleteModelVersion({ name: second });
  await versionDeletion.promise();
  const [deletion] = await models.deleteModel({ name: nameOf('kept') });
  await deletion.promise();
  await expect(models.getModel({ name: nameOf('kept') })).rejects.toMatchObject({ code: 5 });
});

test('an imported evaluation is kept with its version', async () => {
  const version = await uploadModel(services, { modelId: 'evaluated' });
  const accuracy = 0.851293;
  const [imported] = await services.clients.models.importModelEvaluation({
    parent: version,
    modelEvaluation: {
      displayName: 'gate',
      metrics: { structValue: { fields: { accuracy: { numberValue: accuracy } } } },
    },
  });
  const [evaluation] = await services.clients.models.getModelEvaluation({ name: imported.name });
  expect(evaluation.metrics?.structValue?.fields?.accuracy.numberValue).toBe(accuracy);
  const [evaluations] = await services.clients.models.listModelEvaluations({ parent: version });
  expect(evaluations.map(({ displayName }) => displayName)).toEqual(['gate']);
});

test('what is not implemented says so', async () => {
  await uploadModel(services, { modelId: 'exported' });
  await expect(
    services.clients.models.exportModel({ name: nameOf('exported'), outputConfig: {} }),
  ).rejects.toMatchObject({ code: 12 });
});
