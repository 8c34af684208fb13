import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DataflowEngine } from '../../local/dataflow/engine.ts';
import { eventually } from '../eventually.ts';
import {
  CLASSIC,
  type DataflowService,
  ended,
  LOCATION,
  launch,
  parameters,
  prepareTest,
  put,
  startDataflow,
  UDF,
} from './dataflow-service.ts';
import { TEST_PROJECT } from './harness.ts';

let service: DataflowService;

beforeAll(async () => {
  service = await startDataflow();
});
beforeEach(() => prepareTest(service));
afterAll(() => service.close());

describe('a launch', () => {
  test('names missing, unknown and malformed parameters', async () => {
    const { JSONPath: _, ...rest } = parameters(service, 'x.csv', { inputFile: 'x', outputTable: 'nowhere' });
    const refusal = expect(launch(service, rest)).rejects;
    await refusal.toMatchObject({ code: 3 });
    await expect(launch(service, rest)).rejects.toThrow(
      /outputTable: Invalid.*JSONPath: Missing|JSONPath: Missing.*outputTable: Invalid/s,
    );
    await expect(launch(service, rest)).rejects.toThrow('inputFile: Unrecognized parameter');
  });

  test('of an unknown template or a bad name is refused', async () => {
    const gcsPath = 'gs://dataflow-templates/latest/Nothing';
    const request = {
      projectId: TEST_PROJECT,
      location: LOCATION,
      gcsPath,
      launchParameters: { jobName: 'a' },
    };
    await expect(service.templates.launchTemplate(request)).rejects.toMatchObject({
      code: 5,
      details: expect.stringContaining(gcsPath),
    });
    await expect(launch(service, parameters(service, 'x.csv'), 'Bad_Name')).rejects.toMatchObject({
      code: 3,
    });
  });

  test('that is only validated starts nothing', async () => {
    const [response] = await service.templates.launchTemplate({
      projectId: TEST_PROJECT,
      location: LOCATION,
      gcsPath: CLASSIC,
      validateOnly: true,
      launchParameters: { jobName: 'validated', parameters: parameters(service, 'x.csv') },
    });
    expect(response.job ?? null).toBeNull();
    const [found] = await service.jobs.listJobs({
      projectId: TEST_PROJECT,
      location: LOCATION,
      name: 'validated',
    });
    expect(found).toEqual([]);
  });

  test('under the name of an active job is refused until that job has ended', async () => {
    await put(service, 'in.csv', 'a');
    await put(service, 'udf.js', 'function transform(l) { while (true) {} }');
    const first = await launch(service, parameters(service, 'in.csv'), 'same-name');
    await expect(launch(service, parameters(service, 'in.csv'), 'same-name')).rejects.toMatchObject({
      code: 6,
      details: expect.stringContaining('There is already an active job named same-name'),
    });
    const active = {
      projectId: TEST_PROJECT,
      location: LOCATION,
      name: 'same-name',
      filter: 'ACTIVE' as const,
    };
    expect((await service.jobs.listJobs(active))[0].map((job) => job.id)).toEqual([first]);
    await service.jobs.updateJob({
      projectId: TEST_PROJECT,
      location: LOCATION,
      jobId: first,
      job: { requestedState: 'JOB_STATE_CANCELLED' },
    });
    expect(await ended(service, first)).toMatchObject({ currentState: 'JOB_STATE_CANCELLED' });
    await put(service, 'udf.js', UDF);
    await ended(service, await launch(service, parameters(service, 'in.csv'), 'same-name'));
    expect((await service.jobs.listJobs({ ...active, filter: 'ALL' }))[0]).toHaveLength(2);
  });

  test('that a stop interrupts has failed at the next start', async () => {
    const { objects, warehouse } = service;
    const folder = join(service.stateDir, 'interrupted');
    const open = () =>
      new DataflowEngine({ stateDir: folder, objects, warehouse, logs: { write: () => {} } });
    await put(service, 'in.csv', 'a');
    await put(service, 'udf.js', 'function transform(l) { while (true) {} }');
    const before = open();
    const launched = before.launch({
      project: TEST_PROJECT,
      location: LOCATION,
      jobName: 'interrupted',
      templatePath: CLASSIC,
      kind: 'classic',
      parameters: parameters(service, 'in.csv'),
      environment: {},
      labels: {},
    });
    await eventually(() => expect(launched.currentState).toBe('JOB_STATE_RUNNING'));
    await before.close();
    const after = open();
    const job = after.get(TEST_PROJECT, LOCATION, launched.id);
    expect(job.currentState).toBe('JOB_STATE_FAILED');
    expect(job.messages.map((message) => message.messageText).join()).toContain('the local cloud stopped');
    await after.close();
  });
});
