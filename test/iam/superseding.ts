import { expect, vi } from 'vitest';
import { AttemptRecord, type Envelope, layout, type RunId, Superseded } from '../../events/index.ts';
import { FIRST } from '../../handlers/endpoint-lock.ts';
import type { TestCloud } from '../end-to-end/cloud.ts';
import { publish } from './publish.ts';

const HOLDER = 'holder-0000000000' as RunId;
const within = { timeout: 60_000 };

/**
 * Lets two runs come too late to the endpoint that a newer one was deployed at: one that finds it so, which `deploy`
 * ends, and one that first has to wait for another, which `settle` ends.
 *
 * @param approved the event that woke `deploy` for the newer run
 */
export async function supersede(test: TestCloud, approved: Envelope): Promise<void> {
  await arrive(test, approved, 'older-0000000001' as RunId);
  await expectSuperseded(test, 'older-0000000001' as RunId);

  const late = 'older-0000000002' as RunId;
  const free = await holdEndpoint(test, approved, FIRST);
  await arrive(test, approved, late);
  await waitsForEndpoint(test, late);
  await free(String(approved.sequence));
  await expectSuperseded(test, late);
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

async function arrive({ cloud }: TestCloud, approved: Envelope, run: RunId): Promise<void> {
  const older = { ...approved, id: `${run}/approved`, correlationid: run, sequence: FIRST };
  await publish(cloud.output('prod', 'project'), 'approved', older);
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

async function expectSuperseded(test: TestCloud, run: RunId): Promise<void> {
  const file = prod(test).file(layout.attemptRecord({ run, stage: 'deploy', attempt: 1 }));
  await vi.waitFor(async () => {
    const record = AttemptRecord.parse(JSON.parse((await file.download()).toString()));
    expect(record.ending?.type).toBe(Superseded.type);
  }, within);
}
