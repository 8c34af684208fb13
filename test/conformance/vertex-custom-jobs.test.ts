import { afterAll, beforeAll, expect, test } from 'vitest';
import { TEST_PROJECT } from './harness.ts';
import {
  jobIn,
  KEY,
  LOCATION,
  PATIENCE,
  startVertex,
  trainerPool,
  type VertexServices,
} from './vertex-services.ts';

let services: VertexServices;
beforeAll(async () => {
  services = await startVertex();
});
afterAll(() => services.close());

async function createJob(jobSpec: object, rest: object = {}): Promise<string> {
  const [job] = await services.clients.jobs.createCustomJob({
    parent: LOCATION,
    customJob: { displayName: 'train', jobSpec, ...rest },
  });
  return job.name ?? '';
}

/** The environments that the job's replicas printed, by replica. */
function environments(name: string): Map<string, Record<string, string>> {
  const id = name.split('/').at(-1);
  const printed = services.logs.filter(({ resource }) => resource.labels.job_id === id);
  return new Map(
    printed
      .filter(({ jsonPayload }) => jsonPayload?.message === 'environment')
      .map(({ resource, jsonPayload }) => [
        resource.labels.task_name,
        jsonPayload?.environment as Record<string, string>,
      ]),
  );
}

test('a job whose container exits with 0 succeeds', async () => {
  const [created] = await services.clients.jobs.createCustomJob({
    parent: LOCATION,
    customJob: {
      displayName: 'train',
      labels: { run: 'drop-1' },
      encryptionSpec: { kmsKeyName: KEY },
      jobSpec: { workerPoolSpecs: [trainerPool()] },
    },
  });
  expect(created.state).toBe('JOB_STATE_QUEUED');
  await jobIn(services, created.name ?? '', 'JOB_STATE_SUCCEEDED');
  const [job] = await services.clients.jobs.getCustomJob({ name: created.name });
  expect(job.labels).toEqual({ run: 'drop-1' });
  expect(job.jobSpec?.workerPoolSpecs?.[0].machineSpec?.machineType).toBe('n1-standard-4');
  expect(Number(job.startTime?.seconds)).toBeGreaterThan(0);
  expect(Number(job.endTime?.seconds)).toBeGreaterThan(0);
  expect(job.error).toBeNull();
});

test('the container learns of its job by the AIP_* and CLOUD_ML_* variables', async () => {
  const name = await createJob({
    workerPoolSpecs: [
      {
        ...trainerPool(),
        containerSpec: {
          ...trainerPool().containerSpec,
          args: ['--model=$(AIP_MODEL_DIR)model.json'],
          env: [
            { name: 'BATON_RUN', value: 'drop-1' },
            { name: 'TITLE', value: 'run $(BATON_RUN) of $(NOBODY), $$(BATON_RUN)' },
          ],
        },
      },
    ],
    baseOutputDirectory: { outputUriPrefix: 'gs://models/runs/1/' },
  });
  await jobIn(services, name, 'JOB_STATE_SUCCEEDED');
  const environment = environments(name).get('workerpool0-0');
  expect(environment).toMatchObject({
    AIP_MODEL_DIR: 'gs://models/runs/1/model/',
    AIP_CHECKPOINT_DIR: 'gs://models/runs/1/checkpoints/',
    AIP_TENSORBOARD_LOG_DIR: 'gs://models/runs/1/logs/',
    CLOUD_ML_JOB_ID: name.split('/').at(-1),
    BATON_RUN: 'drop-1',
    TITLE: 'run drop-1 of $(NOBODY), $(BATON_RUN)',
  });
  const started = services.containers.started.find(({ label }) => label.includes(name.split('/').at(-1)!));
  expect(started?.args).toEqual(['--model=gs://models/runs/1/model/model.json']);
  expect(JSON.parse(environment?.CLUSTER_SPEC ?? '').task).toEqual({ type: 'workerpool0', index: 0 });
  expect(environment).not.toHaveProperty('TF_CONFIG');
});

test('a job runs as its service account, or else as the custom code agent', async () => {
  const trainer = `train@${TEST_PROJECT}.iam.gserviceaccount.com`;
  await createJob({ workerPoolSpecs: [trainerPool(['--model=own'])], serviceAccount: trainer });
  await createJob({ workerPoolSpecs: [trainerPool(['--model=agent'])] });
  const accountOf = (model: string) =>
    services.containers.started.find(({ args }) => args?.includes(`--model=${model}`))?.serviceAccount;
  await expect.poll(() => accountOf('own'), PATIENCE).toBe(trainer);
  await expect
    .poll(() => accountOf('agent'), PATIENCE)
    .toBe('service-123456@gcp-sa-aiplatform-cc.iam.gserviceaccount.com');
});

test('each replica of each pool knows its task and where the others are', async () => {
  const name = await createJob({
    workerPoolSpecs: [trainerPool(), trainerPool([], 2), {}, trainerPool()],
  });
  await jobIn(services, name, 'JOB_STATE_SUCCEEDED');
  const started = services.containers.started.filter(({ label }) => label.includes(name.split('/').at(-1)!));
  expect(started).toHaveLength(4);
  const clusters = started.map(({ env }) => JSON.parse(env.CLUSTER_SPEC));
  expect(clusters.map(({ task }) => task)).toEqual([
    { type: 'workerpool0', index: 0 },
    { type: 'workerpool1', index: 0 },
    { type: 'workerpool1', index: 1 },
    { type: 'workerpool3', index: 0 },
  ]);
  const [{ cluster }] = clusters;
  expect(Object.keys(cluster)).toEqual(['workerpool0', 'workerpool1', 'workerpool3']);
  const addresses = Object.values<string[]>(cluster).flat();
  expect(new Set(addresses).size).toBe(4);
  for (const address of addresses) expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
  const configs = started.map(({ env }) => JSON.parse(env.TF_CONFIG));
  expect(configs.map(({ task }) => task.type)).toEqual(['chief', 'worker', 'worker', 'evaluator']);
  for (const config of configs) expect(Object.keys(config.cluster)).toEqual(['chief', 'worker']);
});

test('a job whose container exits otherwise fails with the status and its last words', async () => {
  const name = await createJob({
    workerPoolSpecs: [trainerPool(['--exit=3', '--complain=no rows in snapshot'])],
  });
  await jobIn(services, name, 'JOB_STATE_FAILED');
  const [job] = await services.clients.jobs.getCustomJob({ name });
  expect(job.error?.message).toContain('workerpool0-0 exited with a non-zero status of 3');
  expect(job.error?.message).toContain('no rows in snapshot');
});

test('a replica that fails ends the job and the other replicas', async () => {
  const name = await createJob({
    workerPoolSpecs: [trainerPool(['--wait-for-signal']), trainerPool(['--exit=1'])],
  });
  await jobIn(services, name, 'JOB_STATE_FAILED');
  const [job] = await services.clients.jobs.getCustomJob({ name });
  expect(job.error?.message).toContain('workerpool1-0');
  const replicas = services.containers.started.filter(({ label }) => label.includes(name.split('/').at(-1)!));
  for (const { pid } of replicas) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('a job that runs longer than its timeout fails', async () => {
  const name = await createJob({
    workerPoolSpecs: [trainerPool(['--wait-for-signal'])],
    scheduling: { timeout: { nanos: 1e8 } },
  });
  await jobIn(services, name, 'JOB_STATE_FAILED');
  const [job] = await services.clients.jobs.getCustomJob({ name });
  expect(job.error).toMatchObject({
    code: 4,
    message: expect.stringContaining('scheduling.timeout of 0.1 s'),
  });
});

test('a cancelled job stops its containers and stays readable', async () => {
  const name = await createJob({ workerPoolSpecs: [trainerPool(['--wait-for-signal'])] });
  await jobIn(services, name, 'JOB_STATE_RUNNING');
  await services.clients.jobs.cancelCustomJob({ name });
  await jobIn(services, name, 'JOB_STATE_CANCELLED');
  const [job] = await services.clients.jobs.getCustomJob({ name });
  expect(job.error).toMatchObject({ code: 1 });
  await expect(services.clients.jobs.cancelCustomJob({ name })).rejects.toMatchObject({ code: 9 });
});

test('output goes to the log of the job, with the severity that the container gives', async () => {
  const name = await createJob({ workerPoolSpecs: [trainerPool(['--complain=slow disk'])] });
  await jobIn(services, name, 'JOB_STATE_SUCCEEDED');
  const id = name.split('/').at(-1);
  const entries = services.logs.filter(({ resource }) => resource.labels.job_id === id);
  expect(entries.every(({ resource }) => resource.type === 'ml_job')).toBe(true);
  expect(entries).toContainEqual(expect.objectContaining({ textPayload: 'slow disk', severity: 'ERROR' }));
  const service = entries.filter(({ resource }) => resource.labels.task_name === 'service');
  expect(service.map(({ textPayload }) => textPayload)).toEqual([
    'Job is running.',
    'Job completed successfully.',
  ]);
});

test('jobs are listed by label, state and page, newest first', async () => {
  const names: string[] = [];
  for (const replay of ['1', '2', '3']) {
    names.push(await createJob({ workerPoolSpecs: [trainerPool()] }, { labels: { run: 'listed', replay } }));
    await jobIn(services, names.at(-1)!, 'JOB_STATE_SUCCEEDED');
  }
  const list = async (filter: string) => {
    const [jobs] = await services.clients.jobs.listCustomJobs({ parent: LOCATION, filter, pageSize: 2 });
    return jobs.map(({ name }) => name);
  };
  expect(await list('labels.run=listed')).toEqual([...names].reverse());
  expect(await list('labels.run="listed" AND labels.replay=2')).toEqual([names[1]]);
  expect(await list('labels.run=listed AND NOT labels.replay=2 state="JOB_STATE_SUCCEEDED"')).toHaveLength(2);
  expect(await list('labels.run=listed AND state!="JOB_STATE_SUCCEEDED"')).toEqual([]);
  expect(await list('labels.run=listed AND create_time<"2020-01-01T00:00:00Z"')).toEqual([]);
  await expect(list('colour=blue')).rejects.toMatchObject({ code: 3 });
});

test('a job that has ended can be deleted', async () => {
  const name = await createJob({ workerPoolSpecs: [trainerPool()] });
  await jobIn(services, name, 'JOB_STATE_SUCCEEDED');
  const [operation] = await services.clients.jobs.deleteCustomJob({ name });
  await operation.promise();
  await expect(services.clients.jobs.getCustomJob({ name })).rejects.toMatchObject({ code: 5 });
});

test.each([
  ['a malformed key', { encryptionSpec: { kmsKeyName: 'key' } }, 3],
  ['a malformed label', { labels: { Run: 'x' } }, 3],
  ['a label value that is too long', { labels: { run: 'x'.repeat(65) } }, 3],
  ['a primary pool without replicas', { jobSpec: { workerPoolSpecs: [trainerPool([], 0)] } }, 3],
  ['a primary pool that is skipped', { jobSpec: { workerPoolSpecs: [{}, trainerPool()] } }, 3],
  [
    'a Python package',
    {
      jobSpec: {
        workerPoolSpecs: [
          {
            machineSpec: { machineType: 'n1-standard-4' },
            replicaCount: 1,
            pythonPackageSpec: { executorImageUri: 'x', packageUris: ['gs://b/p.tar.gz'], pythonModule: 'm' },
          },
        ],
      },
    },
    12,
  ],
])('%s is refused', async (_what, change, code) => {
  const customJob = { displayName: 'train', jobSpec: { workerPoolSpecs: [trainerPool()] }, ...change };
  await expect(services.clients.jobs.createCustomJob({ parent: LOCATION, customJob })).rejects.toMatchObject({
    code,
  });
});
