import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  httpTarget,
  newName,
  PARENT,
  pubsubTarget,
  type SchedulerService,
  startScheduler,
  TOPIC,
} from './scheduler-service.ts';

let service: SchedulerService;
let client: SchedulerService['client'];
beforeAll(async () => {
  service = await startScheduler();
  ({ client } = service);
});
beforeEach(() => service.clear());
afterAll(() => service.close());

describe('the client', () => {
  test('a job is created, read, listed, changed and deleted', async () => {
    const name = newName();
    const [created] = await client.createJob({
      parent: PARENT,
      job: { name, schedule: '*/5 * * * *', timeZone: 'Europe/Zurich', pubsubTarget, description: 'sweeps' },
    });
    expect(created).toMatchObject({
      name,
      state: 'ENABLED',
      timeZone: 'Europe/Zurich',
      description: 'sweeps',
    });
    expect(String(created.pubsubTarget?.data)).toBe('sweep');
    expect((await client.listJobs({ parent: PARENT }))[0].map((job) => job.name)).toEqual([name]);
    const [updated] = await client.updateJob({
      job: { name, schedule: '0 3 * * *', description: 'ignored' },
      updateMask: { paths: ['schedule'] },
    });
    expect(updated).toMatchObject({
      schedule: '0 3 * * *',
      description: 'sweeps',
      timeZone: 'Europe/Zurich',
    });
    await client.deleteJob({ name });
    await expect(client.getJob({ name })).rejects.toMatchObject({ code: 5 });
  });

  test('a name is taken once', async () => {
    const job = { name: newName(), schedule: '* * * * *', pubsubTarget };
    await client.createJob({ parent: PARENT, job });
    await expect(client.createJob({ parent: PARENT, job })).rejects.toMatchObject({ code: 6 });
  });

  test.each([
    ['a schedule of four fields', { schedule: '* * * *', pubsubTarget }],
    ['an App Engine schedule', { schedule: 'every 5 minutes', pubsubTarget }],
    ['a minute that is none', { schedule: '60 * * * *', pubsubTarget }],
    ['a day that never comes', { schedule: '0 0 30 2 *', pubsubTarget }],
    ['a time zone that is none', { schedule: '* * * * *', timeZone: 'Mars/Olympus', pubsubTarget }],
    ['no target', { schedule: '* * * * *' }],
    ['an address that is none', { schedule: '* * * * *', httpTarget: { uri: 'settle' } }],
    ['an empty message', { schedule: '* * * * *', pubsubTarget: { topicName: TOPIC } }],
  ])('%s is refused', async (_, job) => {
    const create = client.createJob({ parent: PARENT, job: { name: newName(), ...job } });
    await expect(create).rejects.toMatchObject({ code: 3 });
  });

  test('an OAuth token is refused as not implemented', async () => {
    const oauthToken = { serviceAccountEmail: 'a@p.iam.gserviceaccount.com' };
    const job = { name: newName(), schedule: '* * * * *', httpTarget: { ...httpTarget, oauthToken } };
    await expect(client.createJob({ parent: PARENT, job })).rejects.toMatchObject({ code: 12 });
  });
});
