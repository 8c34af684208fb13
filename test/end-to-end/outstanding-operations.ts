import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Request, Response } from '@google-cloud/functions-framework';
import { layout, RunId, type StageName } from '../../events/index.ts';
import type { ContainerRuntime } from '../../local/boundaries.ts';
import { storageRest } from '../../local/storage/rest.ts';
import { ResumableUploads } from '../../local/storage/resumable-uploads.ts';
import { StorageEngine } from '../../local/storage/storage-engine.ts';
import { createVertex } from '../../local/vertex/vertex.ts';
import { startServices, TEST_PROJECT } from '../conformance/harness.ts';

const BUCKET = 'outstanding-bucket';
const REGION = 'us-central1';
const AT_ONCE = 16;
const LOCATION = `projects/${TEST_PROJECT}/locations/${REGION}`;

/** Containers that never come up, so that their jobs stay at work for as long as anybody looks. */
const NEVER: ContainerRuntime = { start: () => new Promise(() => {}) };

/** The function `settle` in this process, on Cloud Storage and Vertex AI, over as many operations as are asked for. */
export interface OutstandingOperations {
  /** Marks operations of a stage as outstanding; custom jobs that stay at work for those that run one. */
  mark(stage: StageName, count: number, due?: Date): Promise<void>;
  /** One sweep, as Cloud Scheduler asks for it; answers the API calls that it made. */
  sweep(): Promise<string[]>;
  close(): Promise<void>;
}

export async function startOutstanding(): Promise<OutstandingOperations> {
  const stateDir = mkdtempSync(join(tmpdir(), 'baton-outstanding-'));
  const calls: string[] = [];
  const objects = new StorageEngine({ stateDir });
  objects.createBucket({ name: BUCKET, project: TEST_PROJECT, location: REGION });
  const vertex = createVertex({
    ...{ stateDir, objects, containers: NEVER, logs: { write: () => {} }, projectNumber: () => '1' },
    // Nothing here reads or writes a table.
    warehouse: {} as Parameters<typeof createVertex>[0]['warehouse'],
  });
  const rest = storageRest(objects, new ResumableUploads(objects, stateDir), ({ permission }) => {
    calls.push(permission);
  });
  const services = await startServices({
    ...{ stateDir, rest: [rest], grpc: [vertex.grpc] },
    beforeCall: ({ method }) => void calls.push(method),
  });
  Object.assign(process.env, {
    ...{ GOOGLE_CLOUD_PROJECT: TEST_PROJECT, BATON_ENV: 'test', BATON_REGION: REGION },
    ...{ BATON_BUCKET: BUCKET, BATON_MODEL: 'stub', BATON_LEASE_SECONDS: '10' },
  });
  // The handler's clients must be imported after this process was led to the services.
  const { handle } = await import('../../handlers/settle.ts');
  const { JobServiceClient } = await import('@google-cloud/aiplatform/build/src/v1/job_service_client.js');
  const jobs = new JobServiceClient({ apiEndpoint: `${REGION}-aiplatform.googleapis.com` });

  const startJob = async (stage: StageName) => {
    const containerSpec = { imageUri: 'stub-train' };
    const pool = { machineSpec: { machineType: 'n1-standard-4' }, replicaCount: 1, containerSpec };
    const customJob = { displayName: stage, labels: { stage }, jobSpec: { workerPoolSpecs: [pool] } };
    const [{ name }] = await jobs.createCustomJob({ parent: LOCATION, customJob });
    return String(name);
  };

  let marked = 0;
  return {
    async mark(stage, count, due) {
      const markOne = async () => {
        const key = { run: RunId.parse(`${stage}-${++marked}`), stage, attempt: 1 };
        const resources = due ? 'gs://b/o' : await startJob(stage);
        await objects.write(BUCKET, layout.outstanding(key), Buffer.from('{}'), {
          metadata: { fence: '7', resources, ...(due && { due: due.toISOString() }) },
        });
      };
      for (let left = count; left > 0; left -= AT_ONCE) {
        await Promise.all(Array.from({ length: Math.min(left, AT_ONCE) }, markOne));
      }
    },
    async sweep() {
      calls.length = 0;
      const request = { headers: { 'x-cloudscheduler': 'true' }, body: {} } as unknown as Request;
      const response = { status: () => response, end: () => response } as unknown as Response;
      await handle(request, response);
      return [...calls];
    },
    async close() {
      await jobs.close();
      await services.close();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}
