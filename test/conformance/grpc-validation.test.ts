import type { JobServiceClient } from '@google-cloud/aiplatform';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { GrpcModule } from '../../local/boundaries.ts';
import { packAny, unpackAny } from '../../local/grpc/any.ts';
import { StatusError } from '../../local/status.ts';
import { type Services, startServices } from './harness.ts';

const PROTOS = '@google-cloud/aiplatform';
const JOBS = 'google.cloud.aiplatform.v1.JobService';
const OPERATIONS = 'google.longrunning.Operations';
const PARENT = 'projects/test-project/locations/us-central1';
const MONITOR = `${PARENT}/modelDeploymentMonitoringJobs/1`;
const WORKERS = [
  { replicaCount: '1', machineSpec: { machineType: 'n1-standard-4' }, containerSpec: { imageUri: 'i' } },
];

let received: Record<string, unknown> | undefined;

function operations(owned: string, answer: object): GrpcModule['unary'] {
  return {
    [`${OPERATIONS}/GetOperation`]: ({ name }: { name: string }) => {
      if (name === owned) return { name, done: true, ...answer };
      throw new StatusError('NOT_FOUND', `There is no operation ${name}.`);
    },
  };
}

const jobs: GrpcModule = {
  protos: PROTOS,
  files: [
    'google/cloud/aiplatform/v1/job_service.proto',
    'google/cloud/aiplatform/v1/tensorboard.proto',
    'google/longrunning/operations.proto',
  ],
  services: [JOBS, OPERATIONS],
  unary: {
    [`${JOBS}/CreateCustomJob`]: ({
      parent,
      customJob,
    }: {
      parent: string;
      customJob: Record<string, unknown>;
    }) => {
      received = customJob;
      return { ...customJob, name: `${parent}/customJobs/1`, state: 'JOB_STATE_PENDING' };
    },
    [`${JOBS}/GetCustomJob`]: () => {
      throw new TypeError('a defect');
    },
    [`${JOBS}/UpdateModelDeploymentMonitoringJob`]: (request: Record<string, Record<string, unknown>>) => {
      received = request.modelDeploymentMonitoringJob;
      const response = packAny(PROTOS, 'google.cloud.aiplatform.v1.ModelDeploymentMonitoringJob', received!);
      return { name: `${MONITOR}/operations/1`, done: true, response };
    },
    ...operations('operations/first', {}),
  },
};
const more: GrpcModule = {
  protos: PROTOS,
  files: ['google/longrunning/operations.proto'],
  services: [OPERATIONS],
  unary: operations('operations/second', {}),
};

const faults: unknown[] = [];
let services: Services;
let client: JobServiceClient;

beforeAll(async () => {
  services = await startServices({ grpc: [jobs, more], onFault: (_subject, error) => faults.push(error) });
  const { JobServiceClient: Client } = await import(
    '@google-cloud/aiplatform/build/src/v1/job_service_client.js'
  );
  client = new Client({ apiEndpoint: 'us-central1-aiplatform.googleapis.com' });
});
afterAll(async () => {
  await client.close();
  await services.close();
});
beforeEach(() => {
  received = undefined;
  services.lints.length = 0;
});

test('every required field that is missing is named, and the handler is not called', async () => {
  await expect(client.createCustomJob({ parent: PARENT, customJob: { jobSpec: {} } })).rejects.toMatchObject({
    code: 3,
    details:
      'custom_job.display_name: required field is missing; ' +
      'custom_job.job_spec.worker_pool_specs: required field is missing',
  });
  expect(received).toBeUndefined();
});

test('a name of the wrong form is refused with the forms that its resource has', async () => {
  const customJob = { displayName: 'job', jobSpec: { workerPoolSpecs: WORKERS, tensorboard: 'tb1' } };

  await expect(client.createCustomJob({ parent: 'projects/p', customJob })).rejects.toMatchObject({
    code: 3,
    details: expect.stringMatching(
      /parent: "projects\/p" .* projects\/\{project\}\/locations\/\{location\}.*tensorboard: "tb1" .*\/tensorboards\/\{tensorboard\}/,
    ),
  });
});

test('output-only fields are ignored and reported, never refused', async () => {
  const customJob = {
    displayName: 'job',
    state: 'JOB_STATE_SUCCEEDED' as const,
    jobSpec: { workerPoolSpecs: WORKERS },
  };

  const [job] = await client.createCustomJob({ parent: PARENT, customJob });

  expect(job).toMatchObject({ displayName: 'job', state: 'JOB_STATE_PENDING' });
  expect(Object.keys(received!)).not.toContain('state');
  expect(services.lints).toEqual([
    {
      rule: 'output-only-field',
      subject: `${JOBS}/CreateCustomJob`,
      message: `${JOBS}/CreateCustomJob: custom_job.state is output only; the value sent was ignored.`,
    },
  ]);
});

test('an update needs only what its mask names, and keeps the name of what it updates', async () => {
  const sent = { name: MONITOR, displayName: 'monitor', createTime: { seconds: 1 } };

  await client.updateModelDeploymentMonitoringJob({
    modelDeploymentMonitoringJob: sent,
    updateMask: { paths: ['display_name'] },
  });

  expect(received).toMatchObject({ name: MONITOR, displayName: 'monitor' });
  expect(Object.keys(received!)).not.toContain('createTime');
  expect(services.lints).toEqual([]);
});

test('an update of a required field must give it', async () => {
  await expect(
    client.updateModelDeploymentMonitoringJob({
      modelDeploymentMonitoringJob: { name: MONITOR },
      updateMask: { paths: ['endpoint', 'log_ttl'] },
    }),
  ).rejects.toMatchObject({
    code: 3,
    details: 'model_deployment_monitoring_job.endpoint: required field is missing',
  });
});

test('a service of two modules answers from the one that knows the resource', async () => {
  const { operationsProtos } = await import('google-gax');
  const get = (name: string) =>
    client.operationsClient.getOperation(
      operationsProtos.google.longrunning.GetOperationRequest.create({ name }),
    );
  const [operation] = await get('operations/second');
  expect(operation).toMatchObject({ name: 'operations/second', done: true });

  await expect(get('operations/third')).rejects.toMatchObject({
    code: 5,
    details: 'There is no operation operations/third.',
  });
});

test('a defect of a handler answers INTERNAL and is reported', async () => {
  await expect(client.getCustomJob({ name: `${PARENT}/customJobs/1` })).rejects.toMatchObject({
    code: 13,
    details: 'a defect',
  });
  expect(faults).toContainEqual(new TypeError('a defect'));
});

test('a packed message unpacks to itself, and an unknown type says what to load', () => {
  const type = 'google.cloud.aiplatform.v1.CustomJob';
  const packed = packAny(PROTOS, type, { displayName: 'job' });

  expect(packed.type_url).toBe(`type.googleapis.com/${type}`);
  expect(unpackAny(PROTOS, packed)).toMatchObject({ displayName: 'job' });
  expect(() => packAny(PROTOS, 'google.cloud.aiplatform.v1.Featurestore', {})).toThrow(
    /Featurestore.*`files`/,
  );
});
