import { describe, expect, it } from 'vitest';
import { describeRun, describeText, type RunDescription, withMachines } from '../../ops/runs/describe.ts';
import { useOfCustomJob, useOfDataflowJob, useOfDeployedModel } from '../../ops/runs/machine-use.ts';
import { attemptOf, ingested, NOW, runOf, trained } from './run-views.ts';

/** So many minutes before now, as the services write times. */
const ago = (minutes: number) => ({ seconds: String(NOW.getTime() / 1000 - minutes * 60), nanos: 0 });

const pool = (replicaCount: string, machineType: string) => ({ replicaCount, machineSpec: { machineType } });
const jobSpec = { workerPoolSpecs: [pool('1', 'n1-standard-4'), pool('3', 'n1-standard-4')] };

describe('the machine-hours', () => {
  it('of a custom job are those of all its replicas, from when they ran', () => {
    const job = { jobSpec, createTime: ago(60), startTime: ago(45), endTime: ago(15) };
    expect(useOfCustomJob('job', job, NOW)).toMatchObject({
      machines: [
        { type: 'n1-standard-4', count: 1 },
        { type: 'n1-standard-4', count: 3 },
      ],
      hours: 2,
      until: '2026-11-22T11:45:00.000Z',
    });
  });

  it('of a job that runs grow, and of one that waits are none', () => {
    const running = useOfCustomJob('job', { jobSpec, startTime: ago(15) }, NOW);
    expect(running).toMatchObject({ hours: 1, from: '2026-11-22T11:45:00.000Z' });
    expect(running).not.toHaveProperty('until');
    expect(useOfCustomJob('job', { jobSpec, createTime: ago(15) }, NOW).hours).toBe(0);
  });

  it('of a Dataflow job are those of its workers, until it entered its last state', () => {
    const environment = { workerPools: [{ kind: 'harness', machineType: 'n1-standard-1', numWorkers: 2 }] };
    const job = { environment, startTime: ago(30), currentStateTime: ago(0) };
    expect(useOfDataflowJob('id', { ...job, currentState: 'JOB_STATE_DONE' }, NOW)).toMatchObject({
      machines: [{ type: 'n1-standard-1', count: 2 }],
      hours: 1,
      until: NOW.toISOString(),
    });
    const running = { environment, startTime: ago(30), currentStateTime: ago(29) };
    expect(useOfDataflowJob('id', { ...running, currentState: 'JOB_STATE_RUNNING' }, NOW).hours).toBe(1);
  });

  it('of a deployed model are those of the replicas that serve it', () => {
    const dedicatedResources = { machineSpec: { machineType: 'n1-standard-2' }, minReplicaCount: 2 };
    const deployed = { id: '1', createTime: ago(30), dedicatedResources };
    const endpoint = { name: 'e', deployedModels: [deployed] };
    expect(useOfDeployedModel(endpoint, '1', NOW)).toMatchObject({ hours: 1, machines: [{ count: 2 }] });
    const scaled = { name: 'e', deployedModels: [{ ...deployed, status: { availableReplicaCount: 4 } }] };
    expect(useOfDeployedModel(scaled, '1', NOW).hours).toBe(2);
    expect(useOfDeployedModel(endpoint, '2', NOW)).toEqual({
      ...{ resource: 'e/deployedModels/2', machines: [], unknown: 'not deployed any more' },
    });
  });
});

describe('a run, described with its machines', () => {
  const view = runOf([attemptOf('ingest', { event: ingested }), attemptOf('train', { event: trained })]);
  const described = describeRun(view, { nonprod: 'lake', prod: 'lake' });
  const job = useOfCustomJob('projects/p/locations/r/customJobs/7', { jobSpec, startTime: ago(15) }, NOW);
  const gone = { resource: '2026-11-22_11_00_00-1', machines: [], unknown: 'gone' };

  it('says what each attempt used, what is still at work, and what nobody can tell any more', () => {
    const run: RunDescription = withMachines(described, [[gone], [job]]);
    expect(run).toMatchObject({ machineHours: 1, stages: [{ machines: [gone] }, { machines: [job] }] });
    const text = describeText(run);
    expect(text).toMatch(/ingest +1 +2026-11-22_11_00_00-1 +- +gone/);
    expect(text).toMatch(/train +1 +customJobs\/7 +1 × n1-standard-4 \+ 3 × n1-standard-4 +1\.0000 so far/);
    expect(text).toMatch(/machine-hours 1\.0000, without those that nobody can tell any more/);
  });

  it('says nothing of machines where none were asked for', () => {
    expect(describeText(described)).not.toContain('machine-hours');
    expect(describeText(withMachines(described, [[], []]))).not.toContain('machine-hours');
  });
});
