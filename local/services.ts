import { resolve } from 'node:path';
import { BigQueryEngine } from './bigquery/engine.ts';
import { bigqueryRest } from './bigquery/rest.ts';
import type { GrpcModule, Lint, RestModule } from './boundaries.ts';
import { DataflowEngine } from './dataflow/engine.ts';
import { dataflowGrpc } from './dataflow/grpc.ts';
import { KeyManagement } from './kms/key-management.ts';
import { loggingGrpc } from './logging/grpc.ts';
import { LogStore } from './logging/log-store.ts';
import type { LocalNetwork } from './network/network.ts';
import { LocalContainerRuntime } from './processes/containers.ts';
import { LocalProcessHost } from './processes/process-host.ts';
import { PubSub } from './pubsub/broker.ts';
import type { DeliveryEvent } from './pubsub/consumer.ts';
import { pubsubGrpc } from './pubsub/grpc.ts';
import { jobStatusChanged } from './run/dataflow-event.ts';
import { Eventarc } from './run/eventarc.ts';
import { Functions } from './run/functions.ts';
import { Ingress } from './run/ingress.ts';
import { schedulerGrpc } from './scheduler/grpc.ts';
import { Scheduler } from './scheduler/scheduler.ts';
import { publishNotifications } from './storage/notifications.ts';
import { storageRest } from './storage/rest.ts';
import { ResumableUploads } from './storage/resumable-uploads.ts';
import { StorageEngine } from './storage/storage-engine.ts';
import { deliverTo } from './transport.ts';
import { createVertex } from './vertex/vertex.ts';

/** The repository: what the images are built from. */
const ROOT = resolve(import.meta.dirname, '..');
/** The scheduler's minute on a laptop, in milliseconds: nobody should wait a minute for a sweep here. */
const MINUTE_MS = 1000;

export interface ServicesOptions {
  stateDir: string;
  network: LocalNetwork;
  projectNumber(project: string): string;
  /** Whether the program lets a principal invoke a Cloud Run service. */
  mayInvoke(service: string, principal: string): boolean;
  onLint(lint: Lint): void;
  onDelivery(event: DeliveryEvent): void;
}

/** Every service of the local cloud, wired to the others, and what each one serves. */
export interface Services {
  storage: StorageEngine;
  warehouse: BigQueryEngine;
  broker: PubSub;
  functions: Functions;
  ingress: Ingress;
  eventarc: Eventarc;
  scheduler: Scheduler;
  processes: LocalProcessHost;
  keys: KeyManagement;
  grpc: GrpcModule[];
  rest: RestModule[];
}

/** Opens the services on the state that an earlier start left. What is opened is closed by the stack, last first. */
export async function openServices(
  options: ServicesOptions,
  closing: AsyncDisposableStack,
): Promise<Services> {
  const { stateDir, network, projectNumber, onLint } = options;
  const keys = new KeyManagement({ projectNumber });
  const logs = new LogStore({ stateDir });
  const storage = closing.adopt(
    new StorageEngine({ stateDir, checkKey: keys.checkerOf('storage.googleapis.com') }),
    async (it) => it.close(),
  );
  const warehouse = closing.adopt(
    await BigQueryEngine.open({
      stateDir,
      objects: storage,
      checkKey: keys.checkerOf('bigquery.googleapis.com'),
    }),
    (it) => it.close(),
  );
  const processes = new LocalProcessHost({
    stateDir,
    onLint,
    environment: (identity) => network.environment(identity),
  });
  const functions = new Functions({ processes, logs });
  const ingress = new Ingress({
    functions,
    logs,
    mayInvoke: options.mayInvoke,
    verifyIdentityToken: (token, audiences) => network.tokens.verifyIdentityToken(token, audiences),
  });
  const identityToken = (email: string, audience: string) =>
    network.tokens.identityToken({ email, audience });
  const post = deliverTo(ingress);
  const broker = new PubSub({
    stateDir,
    warehouse,
    checkKey: keys.checkerOf('pubsub.googleapis.com'),
    transport: { identityToken, post: (url, request) => post(url, { ...request, method: 'POST' }) },
    onDelivery: options.onDelivery,
  });
  publishNotifications(storage, broker, ({ bucket, config }, error) =>
    onLint({
      rule: 'undelivered-notification',
      subject: bucket,
      message: `A notification of bucket ${bucket} was not published to ${config.topic}: ${String(error)}`,
    }),
  );
  const eventarc = new Eventarc({
    deliver: (url, request) => ingress.handle(url, request),
    identityToken: ({ email, audience }) => identityToken(email, audience),
  });
  const dataflow = new DataflowEngine({
    stateDir,
    objects: storage,
    warehouse,
    logs,
    checkKey: keys.checkerOf('dataflow.googleapis.com'),
    onStateChange: (job) => eventarc.publish(jobStatusChanged({ ...job }, projectNumber(job.projectId))),
  });
  const containers = new LocalContainerRuntime({ host: processes, context: ROOT });
  const vertex = createVertex({
    stateDir,
    objects: storage,
    containers,
    warehouse,
    logs,
    projectNumber,
    checkKey: keys.checkerOf('aiplatform.googleapis.com'),
  });
  const scheduler = new Scheduler({ stateDir, minuteMs: MINUTE_MS, broker, identityToken, post });
  closing.defer(async () => {
    // First whatever calls functions, so that nothing is asked of them while they stop.
    scheduler.close();
    eventarc.close();
    broker.close();
    // Then the processes, all at once, whoever owns them: an end takes seconds.
    await Promise.all([processes.close(), functions.close(), vertex.close(), dataflow.close()]);
  });

  return {
    ...{ storage, warehouse, broker, functions, ingress, eventarc, scheduler, processes, keys },
    grpc: [
      pubsubGrpc(broker),
      vertex.grpc,
      dataflowGrpc(dataflow),
      schedulerGrpc(scheduler),
      loggingGrpc(logs),
    ],
    rest: [
      storageRest(storage, new ResumableUploads(storage, stateDir)),
      bigqueryRest(warehouse),
      vertex.rest,
    ],
  };
}
