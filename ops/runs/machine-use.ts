import type { protos as vertex } from '@google-cloud/aiplatform';
import type { protos as dataflow } from '@google-cloud/dataflow';

type CustomJob = vertex.google.cloud.aiplatform.v1.ICustomJob;
type Endpoint = vertex.google.cloud.aiplatform.v1.IEndpoint;
type DataflowJob = dataflow.google.dataflow.v1beta3.IJob;
type Timestamp = vertex.google.protobuf.ITimestamp | null | undefined;

/** What machines something of a run has used, as the service that ran it tells now. */
export interface MachineUse {
  resource: string;
  machines: { type: string; count: number }[];
  from?: string;
  /** Absent while it goes on. */
  until?: string;
  /** All machines' hours together, from `from` until `until` or now; absent where the service can't tell. */
  hours?: number;
  /** Why the service can't tell. */
  unknown?: string;
}

const ENDED = /^JOB_STATE_(SUCCEEDED|DONE|FAILED|CANCELLED|EXPIRED|DRAINED|UPDATED|PARTIALLY_SUCCEEDED)$/;

/** The replicas of a custom job, from when they ran: time in the queue uses no machine. */
export function useOfCustomJob(resource: string, job: CustomJob, now: Date): MachineUse {
  const machines = (job.jobSpec?.workerPoolSpecs ?? []).map(({ machineSpec, replicaCount }) => ({
    type: machineSpec?.machineType ?? 'unknown',
    count: Number(replicaCount ?? 0),
  }));
  return use(resource, machines, { from: job.startTime, until: job.endTime }, now);
}

/** The workers that a Dataflow job was launched with. Those that autoscaling adds, the service tells in metrics only. */
export function useOfDataflowJob(resource: string, job: DataflowJob, now: Date): MachineUse {
  const machines = (job.environment?.workerPools ?? []).map(({ machineType, numWorkers }) => ({
    type: machineType || 'unknown',
    count: numWorkers || 1,
  }));
  const until = ENDED.test(String(job.currentState)) ? job.currentStateTime : undefined;
  return use(resource, machines, { from: job.startTime ?? job.createTime, until }, now);
}

/** The replicas that serve a deployed model now, as if there had been so many since its deployment. */
export function useOfDeployedModel(endpoint: Endpoint, id: string, now: Date): MachineUse {
  const resource = `${endpoint.name}/deployedModels/${id}`;
  const deployed = endpoint.deployedModels?.find((each) => each.id === id);
  if (!deployed) return { resource, machines: [], unknown: 'not deployed any more' };
  const { machineSpec, minReplicaCount } = deployed.dedicatedResources ?? {};
  const count = deployed.status?.availableReplicaCount || minReplicaCount || 0;
  const machines = [{ type: machineSpec?.machineType ?? 'unknown', count }];
  return use(resource, machines, { from: deployed.createTime, until: undefined }, now);
}

function use(
  resource: string,
  machines: MachineUse['machines'],
  time: { from: Timestamp; until: Timestamp },
  now: Date,
): MachineUse {
  const [from, until] = [dateOf(time.from), dateOf(time.until)];
  if (!from) return { resource, machines, hours: 0 };
  const count = machines.reduce((sum, pool) => sum + pool.count, 0);
  const milliseconds = Math.max(0, (until ?? now).getTime() - from.getTime());
  return {
    resource,
    machines,
    from: from.toISOString(),
    ...(until && { until: until.toISOString() }),
    hours: Number(((count * milliseconds) / 3_600_000).toFixed(6)),
  };
}

const dateOf = (time: Timestamp): Date | undefined =>
  time ? new Date(Number(time.seconds ?? 0) * 1000 + Number(time.nanos ?? 0) / 1e6) : undefined;
