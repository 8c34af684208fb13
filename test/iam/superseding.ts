import { expect, vi } from 'vitest';
import {
  AttemptRecord,
  type Envelope,
  endingName,
  layout,
  type RunId,
  type StageName,
  Superseded,
  type Tenant,
} from '../../events/index.ts';
import { FIRST } from '../../handlers/endpoint-lock.ts';
import type { TestCloud } from '../end-to-end/cloud.ts';
import { publish } from './publish.ts';

const HOLDER = 'holder-0000000000' as RunId;
const within = { timeout: 120_000 };

/**
 * Lets runs come too late to the endpoint that a newer one was deployed at: one that has yet to be approved, which
 * `approve` ends, one that finds it so, which `deploy` ends, and one that first has to wait for another, which `settle`
 * ends.
 *
 * @param passed the event that woke `approve` for the newer run
 * @param approved the event that woke `deploy` for it
 */
export async function supersede(test: TestCloud, passed: Envelope, approved: Envelope): Promise<void> {
  await arrive(test, 'nonprod', passed, 'older-0000000000' as RunId);
  await expectSuperseded(test, 'older-0000000000' as RunId, 'approve');
  await arrive(test, 'prod', approved, 'older-0000000001' as RunId);
  await expectSuperseded(test, 'older-0000000001' as RunId, 'deploy');

  const late = 'older-0000000002' as RunId;
  const free = await holdEndpoint(test, approved, FIRST);
  await arrive(test, 'prod', approved, late);
  await waitsForEndpoint(test, late);
  await free(String(approved.sequence));
  await expectSuperseded(test, late, 'deploy');
}

/**
 * Lets somebody hold the endpoint.
 *
 * @param sequence of the run that was deployed last, as the endpoint is to say meanwhile
 * @returns gives the endpoint free, with the sequence that it is to say from then on
 */
export async function holdEndpoint(
  test: TestCloud,
  approved: Envelope,
  sequence: string,
): Promise<(sequence: string) => Promise<void>> {
  await hold(test, approved);
  await label(test, { promotion: HOLDER, 'promotion-attempt': '1', sequence });
  return (after) => label(test, { promotion: '', 'promotion-attempt': '', sequence: after });
}

/** Waits until a run waits for the endpoint, which is `settle`'s to give it. */
export async function waitsForEndpoint(test: TestCloud, run: RunId): Promise<void> {
  const marker = prod(test).file(layout.outstanding({ run, stage: 'deploy', attempt: 1 }));
  await vi.waitFor(async () => expect(await marker.exists()).toEqual([true]), within);
}

const prod = ({ storage, buckets }: TestCloud) => storage.bucket(buckets.prod);

async function arrive({ cloud }: TestCloud, tenant: Tenant, event: Envelope, run: RunId): Promise<void> {
  const topic = endingName(event);
  const older = { ...event, id: `${run}/${topic}`, correlationid: run, sequence: FIRST };
  await publish(cloud.output(tenant, 'project'), topic, older);
}

/** A run that has taken the endpoint and not ended yet. */
async function hold(test: TestCloud, { id, source }: Envelope): Promise<void> {
  const key = { run: HOLDER, stage: 'deploy', attempt: 1 } as const;
  const now = new Date().toISOString();
  const cause = { source, id, deliveryId: '1' };
  const record: AttemptRecord = { ...key, cause, owner: 'somebody', claimedAt: now, leaseUntil: now };
  await prod(test).file(layout.attemptRecord(key)).save(JSON.stringify(record), { resumable: false });
}

async function label({ cloud }: TestCloud, labels: Record<string, string>): Promise<void> {
  const { EndpointServiceClient } = (await import('@google-cloud/aiplatform')).v1;
  const name = cloud.output('prod', 'endpoint');
  const client = new EndpointServiceClient({
    apiEndpoint: `${name.split('/')[3]}-aiplatform.googleapis.com`,
  });
  const [endpoint] = await client.getEndpoint({ name });
  await client.updateEndpoint({
    endpoint: { name, displayName: endpoint.displayName, labels: { ...endpoint.labels, ...labels } },
    updateMask: { paths: ['labels'] },
  });
  await client.close();
}

async function expectSuperseded(test: TestCloud, run: RunId, stage: StageName): Promise<void> {
  const file = prod(test).file(layout.attemptRecord({ run, stage, attempt: 1 }));
  await vi.waitFor(async () => {
    const record = AttemptRecord.parse(JSON.parse((await file.download()).toString()));
    expect(record.ending?.type).toBe(Superseded.type);
  }, within);
}
