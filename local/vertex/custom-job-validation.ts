import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import { StatusError } from '../status.ts';
import { checkVariables } from './container-variables.ts';
import { checkDisplayName, checkLabels } from './validation.ts';
import { durationMs, integer } from './values.ts';

type CustomJob = google.cloud.aiplatform.v1.ICustomJob;
type WorkerPoolSpec = google.cloud.aiplatform.v1.IWorkerPoolSpec;

const MAX_POOLS = 4;

/** Throws INVALID_ARGUMENT for a job that Vertex AI would refuse, UNIMPLEMENTED for what only runs there. */
export function checkCustomJob(job: CustomJob): void {
  checkDisplayName(job.displayName);
  checkLabels(job.labels);
  const spec = job.jobSpec;
  const pools = spec?.workerPoolSpecs ?? [];
  if (pools.length === 0 || pools.length > MAX_POOLS) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      `A job has 1 to ${MAX_POOLS} worker pools, got ${pools.length}.`,
    );
  }
  for (const [index, pool] of pools.entries()) checkPool(pool, `worker_pool_specs[${index}]`, index === 0);
  if (spec?.tensorboard && !spec.serviceAccount) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      'job_spec.service_account is required when tensorboard is set.',
    );
  }
  const output = spec?.baseOutputDirectory?.outputUriPrefix;
  if (output && !/^gs:\/\/[^/]+/.test(output)) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      `base_output_directory.output_uri_prefix "${output}" is no gs:// address.`,
    );
  }
  const timeout = durationMs(spec?.scheduling?.timeout);
  if (timeout !== undefined && timeout <= 0) {
    throw new StatusError('INVALID_ARGUMENT', 'scheduling.timeout must be longer than zero.');
  }
}

function checkPool(pool: WorkerPoolSpec, at: string, primary: boolean): void {
  if (pool.pythonPackageSpec) {
    throw new StatusError(
      'UNIMPLEMENTED',
      `${at}.python_package_spec is not implemented by the local cloud; use container_spec.`,
    );
  }
  if (!pool.containerSpec) {
    const skipped = !pool.machineSpec && integer(pool.replicaCount) === 0;
    if (skipped && !primary) return;
    throw new StatusError('INVALID_ARGUMENT', `${at} must have a container_spec or a python_package_spec.`);
  }
  if (!pool.machineSpec?.machineType) {
    throw new StatusError('INVALID_ARGUMENT', `${at}.machine_spec.machine_type is required.`);
  }
  const replicas = integer(pool.replicaCount);
  if (primary && replicas > 1) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      `${at}.replica_count must be 1, got ${replicas}: it is the primary replica.`,
    );
  }
  if (replicas < 0 || (primary && replicas < 1)) {
    throw new StatusError('INVALID_ARGUMENT', `${at}.replica_count must be at least 1, got ${replicas}.`);
  }
  checkVariables(pool.containerSpec.env);
}
