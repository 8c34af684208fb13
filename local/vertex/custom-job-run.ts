import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import type { LocalProcess } from '../boundaries.ts';
import { freePorts } from '../ports.ts';
import { Code, StatusError } from '../status.ts';
import { ContainerLog } from './container-log.ts';
import { expand, resolveVariables } from './container-variables.ts';
import type { CustomJobDependencies } from './custom-jobs.ts';
import { parseName, type ResourceName } from './names.ts';
import { type Replica, replicaEnvironment, replicasOf } from './replica-environment.ts';
import { durationMs, now } from './values.ts';

type CustomJob = google.cloud.aiplatform.v1.ICustomJob;
type Status = google.rpc.IStatus;

const CANCELLED: Status = { code: 1, message: 'CANCELED' };
const SEVEN_DAYS = 7 * 24 * 3600 * 1000;
const LONGEST_TIMER = 2 ** 31 - 1;

/** How a run ended, or `undefined` for a success. */
type Failure = Status | undefined;

/**
 * One run of a custom job, from QUEUED to its end. The primary replica's exit ends the job, as on Vertex AI;
 * another replica's failure fails it; whichever comes first, the others are stopped.
 */
export class CustomJobRun {
  readonly ended: Promise<void>;
  readonly #job: CustomJob;
  readonly #name: ResourceName;
  readonly #dependencies: CustomJobDependencies;
  readonly #report: (change: Partial<CustomJob>) => void;
  readonly #stop = Promise.withResolvers<Failure>();
  readonly #processes: LocalProcess[] = [];
  #abandoned = false;
  #stopping = false;

  constructor(
    job: CustomJob,
    dependencies: CustomJobDependencies,
    report: (change: Partial<CustomJob>) => void,
  ) {
    this.#job = job;
    this.#name = parseName(job.name);
    this.#dependencies = dependencies;
    this.#report = (change) => {
      if (!this.#abandoned) report(change);
    };
    this.ended = this.#run();
  }

  cancel(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#report({ state: 'JOB_STATE_CANCELLING' });
    this.#stop.resolve(CANCELLED);
  }

  /** Ends the replicas and leaves the job's state alone. */
  async abandon(): Promise<void> {
    this.#abandoned = true;
    this.#stopping = true;
    this.#stop.resolve(CANCELLED);
    await this.ended;
  }

  async #run(): Promise<void> {
    // The caller learns of the job before it moves on.
    await new Promise(setImmediate);
    const failure = await this.#runReplicas().catch(statusOf);
    this.#stopping = true;
    await Promise.all(this.#processes.map((process) => process.stop()));
    const endTime = now();
    if (!failure) {
      this.#logService('INFO', 'Job completed successfully.');
      this.#report({ state: 'JOB_STATE_SUCCEEDED', endTime });
    } else if (failure === CANCELLED) {
      this.#logService('INFO', 'Job cancelled.');
      this.#report({ state: 'JOB_STATE_CANCELLED', endTime, error: failure });
    } else {
      this.#logService('ERROR', `Job failed. ${failure.message}`);
      this.#report({ state: 'JOB_STATE_FAILED', endTime, error: failure });
    }
  }

  async #runReplicas(): Promise<Failure> {
    if (this.#stopping) return CANCELLED;
    this.#report({ state: 'JOB_STATE_PENDING' });
    const planned = replicasOf(this.#job.jobSpec ?? {});
    const ports = await freePorts(planned.length);
    const replicas = planned.map((replica, index) => ({ ...replica, port: ports[index] }));
    const exits: Promise<Failure>[] = [];
    for (const replica of replicas) {
      if (this.#stopping) return CANCELLED;
      const { process, log } = await this.#start(replica, replicas);
      this.#processes.push(process);
      exits.push(exitOf(replica, process, log));
    }
    if (this.#stopping) return CANCELLED;
    this.#report({ state: 'JOB_STATE_RUNNING', startTime: now() });
    this.#logService('INFO', 'Job is running.');
    const timer = this.#startTimer();
    try {
      const [primary, ...others] = exits;
      return await Promise.race([primary, this.#stop.promise, ...others.map(onlyFailures)]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #start(replica: Replica, replicas: Replica[]): Promise<{ process: LocalProcess; log: ContainerLog }> {
    const { project, location, id } = this.#name;
    const { containers, projectNumber } = this.#dependencies;
    const spec = this.#job.jobSpec ?? {};
    const container = replica.spec.containerSpec ?? {};
    const environment = replicaEnvironment(
      { id, projectNumber: projectNumber(project), location, spec },
      replica,
      replicas,
    );
    const env = resolveVariables(environment, container.env);
    const log = this.#logOf(replica.name);
    const process = await containers.start({
      label: `custom job ${id} ${replica.name}`,
      imageUri: container.imageUri ?? '',
      command: container.command?.map((word) => expand(word, env)),
      args: container.args?.map((word) => expand(word, env)),
      env,
      serviceAccount:
        spec.serviceAccount ||
        `service-${projectNumber(project)}@gcp-sa-aiplatform-cc.iam.gserviceaccount.com`,
      project,
      onLine: log.onLine,
    });
    return { process, log };
  }

  #startTimer(): NodeJS.Timeout {
    const limit = durationMs(this.#job.jobSpec?.scheduling?.timeout) ?? SEVEN_DAYS;
    const message = `The job ran longer than its scheduling.timeout of ${limit / 1000} s.`;
    const expire = () => this.#stop.resolve({ code: Code.DEADLINE_EXCEEDED, message });
    return setTimeout(expire, Math.min(limit, LONGEST_TIMER));
  }

  #logOf(task: string): ContainerLog {
    const { project, id } = this.#name;
    return new ContainerLog(this.#dependencies.logs, {
      project,
      logName: `projects/${project}/logs/${task}`,
      resource: { type: 'ml_job', labels: { project_id: project, job_id: id, task_name: task } },
    });
  }

  #logService(severity: string, textPayload: string): void {
    if (this.#abandoned) return;
    const { project, id } = this.#name;
    this.#dependencies.logs.write({
      project,
      logName: `projects/${project}/logs/ml.googleapis.com%2F${id}`,
      timestamp: new Date().toISOString(),
      severity,
      resource: { type: 'ml_job', labels: { project_id: project, job_id: id, task_name: 'service' } },
      textPayload,
    });
  }
}

async function exitOf(replica: Replica, process: LocalProcess, log: ContainerLog): Promise<Failure> {
  const { code, signal } = await process.exited;
  if (code === 0) return undefined;
  const how = signal ? `was ended by ${signal}` : `exited with a non-zero status of ${code}`;
  const output = log.tail();
  return {
    code: Code.INVALID_ARGUMENT,
    message: `The replica ${replica.name} ${how}.${output ? ` Its last output:\n${output}` : ''}`,
  };
}

/** Ends with a replica's failure, and never with its success. */
function onlyFailures(exit: Promise<Failure>): Promise<Failure> {
  return exit.then((failure) => failure ?? new Promise<never>(() => {}));
}

function statusOf(error: unknown): Status {
  if (error instanceof StatusError) return { code: error.grpcCode, message: error.message };
  return { code: Code.INTERNAL, message: error instanceof Error ? error.message : String(error) };
}
