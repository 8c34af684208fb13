import { afterEach, expect, it } from 'vitest';
import { decodeDelivery } from '../../events/delivery.ts';
import { jobStatusChanged } from '../../local/run/dataflow-event.ts';
import { Eventarc, type EventarcOptions } from '../../local/run/eventarc.ts';
import { eventually } from '../eventually.ts';

type Delivered = Parameters<EventarcOptions['deliver']>[1] & { url: string };

const uri = 'https://settle-111111111111.us-central1.run.app';
const job = {
  id: '2026-11-22_00_00_00-1',
  name: 'ingest-x-1-train',
  projectId: 'p',
  location: 'us-central1',
  currentState: 'JOB_STATE_DONE',
};

let eventarc: Eventarc;
afterEach(() => eventarc.close());

/** A trigger for Dataflow's jobs, whose function answers these statuses, one after the other. */
function startTrigger(...statuses: number[]): Delivered[] {
  const delivered: Delivered[] = [];
  eventarc = new Eventarc({
    deliver: async (url, request) => {
      delivered.push({ url, ...request });
      return { status: statuses.shift() ?? 204 };
    },
    identityToken: async ({ email, audience }) => `${email} for ${audience}`,
    leastBackoffMs: 1,
  });
  eventarc.declare({
    project: 'p',
    location: 'us-central1',
    name: 'dataflow-job-status',
    criteria: { type: 'google.cloud.dataflow.job.v1beta3.statusChanged' },
    uri,
    serviceAccount: 'pubsub-push@p.iam.gserviceaccount.com',
  });
  return delivered;
}

it("a job's new state reaches the function as a CloudEvent that handlers read", async () => {
  const delivered = startTrigger();
  eventarc.publish(jobStatusChanged(job, '111111111111'));
  await eventually(() => expect(delivered).toHaveLength(1));
  const [{ url, headers, body }] = delivered;
  expect(url).toBe(uri);
  expect(headers).toMatchObject({
    authorization: `Bearer pubsub-push@p.iam.gserviceaccount.com for ${uri}`,
    'ce-specversion': '1.0',
    'ce-type': 'google.cloud.dataflow.job.v1beta3.statusChanged',
    'ce-source': '//dataflow.googleapis.com/projects/p/locations/us-central1',
    'ce-subject': 'jobs/ingest-x-1-train',
    'ce-job': 'ingest-x-1-train',
  });
  expect(decodeDelivery({ headers, body: JSON.parse(body.toString()) })).toMatchObject({
    kind: 'dataflow-job',
    job: job.id,
    state: 'JOB_STATE_DONE',
  });
});

it('an event that is not accepted is delivered again with the same id', async () => {
  const delivered = startTrigger(503, 429);
  eventarc.publish(jobStatusChanged(job, '111111111111'));
  await eventually(() => expect(delivered).toHaveLength(3));
  expect(new Set(delivered.map(({ headers }) => headers['ce-id'])).size).toBe(1);
});

it('an event of another project or type reaches nobody', async () => {
  const delivered = startTrigger();
  eventarc.publish(jobStatusChanged({ ...job, projectId: 'q' }, '222222222222'));
  const event = jobStatusChanged(job, '111111111111');
  eventarc.publish({
    ...event,
    attributes: { ...event.attributes, type: 'google.cloud.storage.object.v1.finalized' },
  });
  eventarc.publish(jobStatusChanged({ ...job, name: 'the-one-that-counts' }, '111111111111'));
  await eventually(() => expect(delivered).toHaveLength(1));
  expect(delivered[0].headers['ce-job']).toBe('the-one-that-counts');
});
