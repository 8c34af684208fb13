import type { DataflowJob } from './job.ts';

/** The importance enum's numbers, from the least important to the most. */
const IMPORTANCE_ORDER = [0, 1, 2, 5, 3, 4];
const IMPORTANCE = {
  JOB_MESSAGE_DEBUG: 1,
  JOB_MESSAGE_DETAILED: 2,
  JOB_MESSAGE_BASIC: 5,
  JOB_MESSAGE_WARNING: 3,
  JOB_MESSAGE_ERROR: 4,
};

/** What a batch job's workers are where the launch says nothing. */
const BATCH_MACHINE_TYPE = 'n1-standard-1';

/** A job as the API shows it; the summary view leaves the environment out. */
export function jobMessage(job: DataflowJob, view: 'summary' | 'all'): object {
  return {
    id: job.id,
    projectId: job.projectId,
    location: job.location,
    name: job.name,
    type: job.type,
    currentState: job.currentState,
    currentStateTime: timestamp(job.currentStateTime),
    ...(job.requestedState && { requestedState: job.requestedState }),
    createTime: timestamp(job.createTime),
    startTime: timestamp(job.startTime),
    labels: job.labels,
    jobMetadata: {
      sdkVersion: {
        version: '2.70.0',
        versionDisplayName: 'Apache Beam SDK for Java',
        sdkSupportStatus: 'SUPPORTED',
      },
    },
    ...(view === 'all' && { environment: environmentMessage(job) }),
  };
}

function environmentMessage({ environment, parameters, templatePath }: DataflowJob): object {
  const { serviceAccountEmail, kmsKeyName, tempLocation, network, subnetwork, ipConfiguration } = environment;
  const { machineType, numWorkers, maxWorkers } = environment;
  const options = { ...parameters, templateLocation: templatePath };
  const pool = {
    kind: 'harness',
    ...(network && { network }),
    ...(subnetwork && { subnetwork }),
    ...(ipConfiguration && { ipConfiguration }),
    machineType: machineType ?? BATCH_MACHINE_TYPE,
    numWorkers: numWorkers ?? 1,
    ...(maxWorkers && { autoscalingSettings: { maxNumWorkers: maxWorkers } }),
  };
  return {
    ...(serviceAccountEmail && { serviceAccountEmail }),
    ...(kmsKeyName && { serviceKmsKeyName: kmsKeyName }),
    ...(tempLocation && { tempStoragePrefix: tempLocation }),
    workerPools: [pool],
    sdkPipelineOptions: {
      fields: Object.fromEntries(
        Object.entries(options).map(([name, stringValue]) => [name, { stringValue }]),
      ),
    },
  };
}

/** A job's messages, from an importance on. */
export function jobMessages(job: DataflowJob, minimum: string | number | null | undefined): object[] {
  const least = IMPORTANCE_ORDER.indexOf(Number(minimum ?? 0));
  return job.messages
    .filter(({ messageImportance }) => IMPORTANCE_ORDER.indexOf(IMPORTANCE[messageImportance]) >= least)
    .map((message) => ({ ...message, time: timestamp(message.time) }));
}

/** A job's counters, once it has ended well. */
export function jobMetrics(job: DataflowJob): object[] {
  return Object.entries(job.counters ?? {}).map(([name, value]) => ({
    name: { origin: 'user', name, context: { namespace: 'GCS_Text_to_BigQuery' } },
    kind: 'SUM',
    cumulative: true,
    scalar: { numberValue: value },
    updateTime: timestamp(job.currentStateTime),
  }));
}

/** RFC 3339 text as a protobuf timestamp. */
export function timestamp(time: string): { seconds: number; nanos: number } {
  const millis = Date.parse(time);
  return { seconds: Math.floor(millis / 1000), nanos: (((millis % 1000) + 1000) % 1000) * 1e6 };
}
