import { describe, expect, it, test } from 'vitest';
import type { GrpcModule } from '../../local/boundaries.ts';
import { dataflowGrpc } from '../../local/dataflow/grpc.ts';
import { METHODS } from '../../local/iam/methods.ts';
import { type Grant, Policy } from '../../local/iam/policy.ts';
import { loggingGrpc } from '../../local/logging/grpc.ts';
import { pubsubGrpc } from '../../local/pubsub/grpc.ts';
import { schedulerGrpc } from '../../local/scheduler/grpc.ts';
import { grpcModule } from '../../local/vertex/grpc.ts';

const WORKER = 'serviceAccount:worker@p.iam.gserviceaccount.com';

function policy(...grants: Omit<Grant, 'member'>[]): Policy {
  return new Policy({
    grants: grants.map((grant) => ({ ...grant, member: WORKER })),
    owners: [{ principal: 'user:owner@example.com' }, { principal: 'user:half@example.com', project: 'p' }],
    projectOfBucket: (bucket) => (bucket === 'lake' ? 'p' : undefined),
  });
}

const asks = (permission: string, resource: string, principal = WORKER) => ({
  principal,
  permission,
  resource,
});

describe('a grant', () => {
  it('holds for its resource and all below it, and nowhere else', () => {
    const onBucket = policy({ resource: 'projects/_/buckets/lake', role: 'roles/storage.objectViewer' });
    const get = (bucket: string) =>
      onBucket.allows(
        asks('storage.objects.get', `//storage.googleapis.com/projects/_/buckets/${bucket}/objects/a/b.csv`),
      );
    expect([get('lake'), get('lake-2')]).toEqual([true, false]);

    const onProject = policy({ resource: 'projects/p', role: 'roles/storage.objectViewer' });
    const inLake = asks('storage.objects.get', '//storage.googleapis.com/projects/_/buckets/lake/objects/a');
    expect(onProject.allows(inLake)).toBe(true);
    expect(onProject.allows({ ...inLake, resource: inLake.resource.replace('lake', 'other') })).toBe(false);
  });

  it('permits what its role has, to its member alone', () => {
    const topic = policy({ resource: 'projects/p/topics/t', role: 'roles/pubsub.publisher' });
    const publish = asks('pubsub.topics.publish', '//pubsub.googleapis.com/projects/p/topics/t');
    expect(topic.allows(publish)).toBe(true);
    expect(topic.allows({ ...publish, permission: 'pubsub.topics.delete' })).toBe(false);
    expect(topic.allows({ ...publish, principal: 'serviceAccount:other@p.iam.gserviceaccount.com' })).toBe(
      false,
    );
  });

  it('with a condition holds where the condition does', () => {
    const name = 'projects/p/datasets/census';
    const expression = `resource.name == "${name}" || resource.name.startsWith("${name}/")`;
    const dataset = policy({
      resource: 'projects/p',
      role: 'roles/bigquery.dataEditor',
      condition: { title: 'one dataset', expression },
    });
    const read = (table: string) =>
      dataset.allows(
        asks('bigquery.tables.getData', `//bigquery.googleapis.com/projects/p/datasets/${table}`),
      );
    expect([read('census/tables/t'), read('census'), read('census_2/tables/t')]).toEqual([true, true, false]);
  });

  it('may ask for the kind of resource', () => {
    const condition = {
      title: 'objects of runs',
      expression:
        'resource.type == "storage.googleapis.com/Object" && resource.name.startsWith("projects/_/buckets/lake/objects/runs/")',
    };
    const runs = policy({
      resource: 'projects/_/buckets/lake',
      role: 'roles/storage.objectViewer',
      condition,
    });
    const bucket = '//storage.googleapis.com/projects/_/buckets/lake';
    expect(runs.allows(asks('storage.objects.get', `${bucket}/objects/runs/a`))).toBe(true);
    expect(runs.allows(asks('storage.objects.get', `${bucket}/objects/drops/a`))).toBe(false);
    expect(runs.allows(asks('storage.objects.list', bucket))).toBe(false);
  });
});

describe('a program is refused that grants', () => {
  test.each(['roles/owner', 'roles/editor', 'roles/viewer'])('the basic role %s', (role) => {
    expect(() => policy({ resource: 'projects/p', role })).toThrow(`${role} is a basic role`);
  });

  test('an unknown role', () => {
    expect(() => policy({ resource: 'projects/p', role: 'roles/pubsub.publihser' })).toThrow(
      /know the role roles\/pubsub.publihser/,
    );
  });

  test.each(['request.time < timestamp("2030-01-01T00:00:00Z")', '(resource.name == "a")', ''])(
    'under a condition that the local cloud cannot evaluate: %s',
    (expression) => {
      const grant = { resource: 'projects/p', role: 'roles/pubsub.publisher' };
      expect(() => policy({ ...grant, condition: { title: 't', expression } })).toThrow(/can't evaluate/);
    },
  );
});

test('an owner needs no grant, in the project that is theirs', () => {
  const onTopic = (project: string) => `//pubsub.googleapis.com/projects/${project}/topics/t`;
  const may = (principal: string, project: string) =>
    policy().allows(asks('pubsub.topics.publish', onTopic(project), principal));
  expect([may('user:owner@example.com', 'p'), may('user:owner@example.com', 'q')]).toEqual([true, true]);
  expect([may('user:half@example.com', 'p'), may('user:half@example.com', 'q')]).toEqual([true, false]);
});

describe('a denied call names permission, resource and principal', () => {
  const deny = (permission: string, resource: string) => {
    try {
      policy().authorize(asks(permission, resource));
    } catch (error) {
      return error as Error;
    }
    throw new Error('it was not denied');
  };

  test.each([
    ['aiplatform.customJobs.create', '//aiplatform.googleapis.com/projects/p/locations/l'],
    ['storage.objects.get', '//storage.googleapis.com/projects/_/buckets/lake/objects/a'],
    ['bigquery.tables.getData', '//bigquery.googleapis.com/projects/p/datasets/d/tables/t'],
  ])('%s', (permission, resource) => {
    expect(deny(permission, resource)).toMatchObject({
      status: 'PERMISSION_DENIED',
      httpStatus: 403,
      message: expect.stringContaining(permission),
      errorInfo: { reason: 'IAM_PERMISSION_DENIED', metadata: { permission, resource, principal: WORKER } },
    });
  });

  test("in each service's own words", () => {
    const words = (permission: string, resource: string) => deny(permission, `//${resource}`).message;
    expect(words('pubsub.topics.publish', 'pubsub.googleapis.com/projects/p/topics/t')).toBe(
      "Permission 'pubsub.topics.publish' denied on resource '//pubsub.googleapis.com/projects/p/topics/t' (or it may not exist).",
    );
    expect(words('storage.objects.get', 'storage.googleapis.com/projects/_/buckets/b/objects/o')).toMatch(
      /^worker@p\.iam\.gserviceaccount\.com does not have storage\.objects\.get access to the Google Cloud Storage object\./,
    );
    expect(
      words('bigquery.tables.getData', 'bigquery.googleapis.com/projects/p/datasets/d/tables/t'),
    ).toMatch(/^Access Denied: Table p:d\.t: Permission bigquery\.tables\.getData denied on table p:d\.t/);
  });
});

test('every gRPC method that is served has a rule', () => {
  // The surfaces only list their methods here; nothing of the engines behind them is used.
  const engine = new Proxy({}, { get: () => engine }) as never;
  const modules: GrpcModule[] = [pubsubGrpc, grpcModule, dataflowGrpc, schedulerGrpc, loggingGrpc].map(
    (surface) => surface(engine),
  );
  const served = modules.flatMap(({ unary }) => Object.keys(unary));
  expect(served.length).toBeGreaterThan(60);
  expect(served.filter((method) => !METHODS.has(method))).toEqual([]);
});
