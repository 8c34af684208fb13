import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { GrpcModule } from '../../local/boundaries.ts';
import { bundledProcess, linesOf, nodeProcess, startProcesses } from './process-harness.ts';

const JOBS = 'google.cloud.aiplatform.v1.JobService';
const jobs: GrpcModule = {
  protos: '@google-cloud/aiplatform',
  files: ['google/cloud/aiplatform/v1/job_service.proto'],
  services: [JOBS],
  unary: {
    [`${JOBS}/CreateCustomJob`]: (request: { parent: string; customJob: object }) => ({
      ...request.customJob,
      name: `${request.parent}/customJobs/1`,
    }),
  },
};

const stateDir = mkdtempSync(join(tmpdir(), 'baton-test-'));
let services: Awaited<ReturnType<typeof startProcesses>>;

beforeAll(async () => {
  services = await startProcesses({ grpc: [jobs], stateDir });
});
afterAll(async () => {
  await services.close();
  rmSync(stateDir, { recursive: true });
});
beforeEach(() => {
  services.lints.length = 0;
});

const label = 'function train';

const createJob = (customJob: string) => linesOf(services.host, nodeProcess(creating(customJob), { label }));

const creating = (customJob: string) => `
    import { JobServiceClient } from '@google-cloud/aiplatform/build/src/v1/job_service_client.js';
    const client = new JobServiceClient({ apiEndpoint: 'us-central1-aiplatform.googleapis.com' });
    const workerPoolSpecs = [{ machineSpec: { machineType: 'n1-standard-4' }, replicaCount: 1 }];
    const [job] = await client.createCustomJob({
      parent: 'projects/p/locations/us-central1',
      customJob: ${customJob},
    });
    console.log(job.name);
    process.exit(0);
  `;

test('fields and enum values that the client drops are reported, with the process', async () => {
  await createJob(`{
    displayName: 'job',
    encryptionSpce: { kmsKeyName: 'k' },
    jobSpec: {
      workerPoolSpecs: [{ ...workerPoolSpecs[0], machineSpec: { machineTyp: 'n1-standard-4' } }],
      scheduling: { strategy: 'SPOTT' },
    },
  }`);

  const type = 'google.cloud.aiplatform.v1';
  const dropped = 'the client dropped it silently.';
  expect(services.lints.toSorted((a, b) => a.message.localeCompare(b.message))).toEqual([
    {
      rule: 'unknown-field',
      subject: `${type}.CustomJob`,
      message: `${type}.CustomJob: encryptionSpce is no field of it; ${dropped}`,
      process: 'function train',
    },
    {
      rule: 'unknown-field',
      subject: `${type}.MachineSpec`,
      message: `${type}.MachineSpec: machineTyp is no field of it; ${dropped}`,
      process: 'function train',
    },
    {
      rule: 'unknown-enum-value',
      subject: `${type}.Scheduling`,
      message: `${type}.Scheduling: strategy has no value SPOTT; ${dropped}`,
      process: 'function train',
    },
  ]);
});

test('so are those of a client in a bundle', async () => {
  const script = creating(
    "{ displayName: 'job', encryptionSpce: { kmsKeyName: 'k' }, jobSpec: { workerPoolSpecs } }",
  );

  await linesOf(services.host, await bundledProcess(script, stateDir, { label }));

  expect(services.lints).toEqual([
    expect.objectContaining({
      rule: 'unknown-field',
      message: expect.stringContaining('encryptionSpce is no field'),
    }),
  ]);
});

test('a request that is spelt right is not reported', async () => {
  const lines = await createJob(`{
    displayName: 'job',
    labels: { run: 'r1' },
    jobSpec: { workerPoolSpecs, scheduling: { strategy: 'SPOT', timeout: { seconds: 60 } } },
  }`);

  expect(lines).toEqual(['projects/p/locations/us-central1/customJobs/1']);
  expect(services.lints).toEqual([]);
});
