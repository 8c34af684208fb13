import { expect, vi } from 'vitest';
import { Envelope } from '../../events/index.ts';
import type { TestCloud } from './cloud.ts';

/** So seldom that no tick comes by itself. */
export const YEARLY = '0 3 1 1 *';

/** Has Cloud Scheduler run the job of scheduled runs now, and answers what that asked for. */
export async function runScheduled({ cloud, storage, buckets }: TestCloud): Promise<Envelope> {
  // Not before the process is led to the local cloud.
  const { CloudSchedulerClient } = await import('@google-cloud/scheduler');
  const client = new CloudSchedulerClient();
  const place = `projects/${cloud.output('nonprod', 'project')}/locations/us-central1`;
  await client.runJob({ name: `${place}/jobs/start-by-the-clock` });
  await client.close();
  const bucket = storage.bucket(buckets.nonprod);
  return vi.waitFor(
    async () => {
      const [files] = await bucket.getFiles({ prefix: 'scheduled/' });
      expect(files).toHaveLength(1);
      const { request, published } = JSON.parse(String((await files[0].download())[0]));
      expect(published).toBe(true);
      return Envelope.parse(request);
    },
    { timeout: 120_000, interval: 200 },
  );
}
