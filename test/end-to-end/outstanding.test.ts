import { afterAll, beforeAll, expect, it } from 'vitest';
import { type OutstandingOperations, startOutstanding } from './outstanding-operations.ts';

const HOUR_MS = 3600 * 1000;
let operations: OutstandingOperations;
beforeAll(async () => {
  operations = await startOutstanding();
});
afterAll(() => operations.close());

const counted = (calls: string[]) =>
  Object.fromEntries([...Map.groupBy(calls, (call) => call)].map(([call, those]) => [call, those.length]));

it('a sweep asks for pages of what is outstanding and of what is at work, and for none of it by itself', async () => {
  await operations.mark('train', 201);
  // What waits for a moment that has not come is known by the listing alone.
  await operations.mark('prepare', 900, new Date(Date.now() + HOUR_MS));
  expect(counted(await operations.sweep())).toEqual({
    'storage.objects.list': 2,
    'google.cloud.aiplatform.v1.JobService/ListCustomJobs': 3,
  });
});
