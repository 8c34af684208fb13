import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import { integer } from './values.ts';

type CustomJobSpec = google.cloud.aiplatform.v1.ICustomJobSpec;
type WorkerPoolSpec = google.cloud.aiplatform.v1.IWorkerPoolSpec;

/** One process of a custom job. */
export interface Replica {
  /** `workerpool0-0` is the primary replica; the job ends when it does. */
  name: string;
  pool: number;
  index: number;
  spec: WorkerPoolSpec;
  port: number;
}

const TF_TASK_TYPES = ['chief', 'worker', 'ps', 'evaluator'];

/** The replicas that the spec asks for. Pools but the first may be skipped by an empty spec. */
export function replicasOf(spec: CustomJobSpec): Omit<Replica, 'port'>[] {
  return (spec.workerPoolSpecs ?? []).flatMap((poolSpec, pool) =>
    Array.from({ length: replicaCount(poolSpec) }, (_, index) => ({
      name: `workerpool${pool}-${index}`,
      pool,
      index,
      spec: poolSpec,
    })),
  );
}

function replicaCount(spec: WorkerPoolSpec): number {
  return spec.containerSpec ? integer(spec.replicaCount) || 1 : 0;
}

/**
 * What Vertex AI tells a training container, and each replica about the others.
 *
 * @see https://docs.cloud.google.com/vertex-ai/docs/training/distributed-training#cluster-variables
 */
export function replicaEnvironment(
  job: { id: string; projectNumber: string; location: string; spec: CustomJobSpec },
  replica: Replica,
  replicas: Replica[],
): Record<string, string> {
  return {
    CLOUD_ML_JOB_ID: job.id,
    CLOUD_ML_PROJECT_ID: job.projectNumber,
    CLOUD_ML_REGION: job.location,
    ...outputFolders(job.spec),
    ...(job.spec.tensorboard ? { AIP_TENSORBOARD_RESOURCE_NAME: job.spec.tensorboard } : {}),
    CLUSTER_SPEC: JSON.stringify({
      cluster: addresses(replicas, (pool) => `workerpool${pool}`),
      environment: 'cloud',
      task: { type: `workerpool${replica.pool}`, index: replica.index },
      job: JSON.stringify(job.spec),
    }),
    ...(replicas.length > 1 ? { TF_CONFIG: tensorFlowConfig(job.spec, replica, replicas) } : {}),
  };
}

/** Only jobs of several replicas have it. Evaluators know of the cluster, and are not a part of it. */
function tensorFlowConfig(spec: CustomJobSpec, replica: Replica, replicas: Replica[]): string {
  const members = replicas.filter(({ pool }) => TF_TASK_TYPES[pool] !== 'evaluator');
  return JSON.stringify({
    cluster: addresses(members, (pool) => TF_TASK_TYPES[pool]),
    environment: 'cloud',
    task: { type: TF_TASK_TYPES[replica.pool], index: replica.index },
    job: JSON.stringify(spec),
  });
}

function outputFolders(spec: CustomJobSpec): Record<string, string> {
  const base = spec.baseOutputDirectory?.outputUriPrefix?.replace(/\/+$/, '');
  if (!base) return {};
  return {
    AIP_MODEL_DIR: `${base}/model/`,
    AIP_CHECKPOINT_DIR: `${base}/checkpoints/`,
    AIP_TENSORBOARD_LOG_DIR: `${base}/logs/`,
  };
}

function addresses(replicas: Replica[], poolName: (pool: number) => string): Record<string, string[]> {
  const byPool = Map.groupBy(replicas, ({ pool }) => poolName(pool));
  return Object.fromEntries(
    [...byPool].map(([pool, members]) => [pool, members.map(({ port }) => `127.0.0.1:${port}`)]),
  );
}
