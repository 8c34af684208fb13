import { resolve } from 'node:path';
import { BigQueryEngine } from './bigquery/engine.ts';
import { bigqueryRest } from './bigquery/rest.ts';
import type { Authorize } from './boundaries.ts';
import { DeclaredResources } from './control-plane/declared-resources.ts';
import { policyOf } from './control-plane/iam-policy.ts';
import { controlPlaneRest } from './control-plane/rest.ts';
import { DataflowEngine } from './dataflow/engine.ts';
import { dataflowGrpc } from './dataflow/grpc.ts';
import { interceptCalls } from './faults/call-faults.ts';
import { type Deliver, interceptDeliveries } from './faults/delivery-faults.ts';
import { skewedClock } from './faults/processes.ts';
import { interceptRequests } from './faults/request-faults.ts';
import { objectsAs, tablesAs, warehouseAs } from './iam/acting-as.ts';
import { authorizeStorage, authorizeSubnetwork } from './iam/admission.ts';
import { mayDeadLetter, serviceAgent } from './iam/agents.ts';
import { accessesOf } from './iam/methods.ts';
import { serviceAccountResource } from './iam/resource-name.ts';
import { KeyManagement } from './kms/key-management.ts';
import { keyVersionsRest } from './kms/rest.ts';
import { loggingGrpc } from './logging/grpc.ts';
import { LogStore } from './logging/log-store.ts';
import { monitoringGrpc } from './monitoring/grpc.ts';
import { NotificationChannels } from './monitoring/notification-channels.ts';
import { monitoringRest } from './monitoring/rest.ts';
import { LocalContainerRuntime } from './processes/containers.ts';
import { LocalProcessHost } from './processes/process-host.ts';
import { backlogAges } from './pubsub/backlog-metrics.ts';
import { PubSub } from './pubsub/broker.ts';
import { pubsubGrpc } from './pubsub/grpc.ts';
import { jobStatusChanged } from './run/dataflow-event.ts';
import { Eventarc } from './run/eventarc.ts';
import { Functions } from './run/functions.ts';
import { Ingress } from './run/ingress.ts';
import { schedulerGrpc } from './scheduler/grpc.ts';
import { Scheduler } from './scheduler/scheduler.ts';
import type { Services, ServicesOptions } from './service-set.ts';
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

/** Opens the services on the state that an earlier start left. What is opened is closed by the stack, last first. */
export async function openServices(
  options: ServicesOptions,
  closing: AsyncDisposableStack,
): Promise<Services> {
  const { stateDir, network, projectNumber, policy, onLint, onCall, faults, idleMs } = options;
  const authorize: Authorize = (access) => policy.authorize(access);
  const keys = new KeyManagement({ projectNumber, onUse: options.onKeyUse, stateDir });
  const logs = new LogStore({ stateDir });
  const controlPlane = new DeclaredResources();
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
    ...(faults && { variables: (name) => skewedClock(faults, name) }),
  });
  const functions = new Functions({
    processes,
    logs,
    onColdStart: options.onColdStart,
    ...(idleMs !== undefined && { idleMs }),
    ...(faults && { interceptRequest: interceptRequests(faults, processes) }),
  });
  const ingress = new Ingress({
    functions,
    logs,
    mayInvoke: (service, principal) =>
      policy.allows({
        principal,
        permission: 'run.routes.invoke',
        resource: `//run.googleapis.com/${service}`,
      }),
    verifyIdentityToken: (token, audiences) => network.tokens.verifyIdentityToken(token, audiences),
  });
  // Whoever calls a function as one of the project's accounts asks IAM for its token, as the service's own agent.
  const identityTokenBy = (service: 'pubsub' | 'scheduler') => async (email: string, audience: string) => {
    const principal = serviceAgent(service, projectNumber(/@([^.]+)/.exec(email)?.[1] ?? ''));
    const resource = serviceAccountResource(email);
    authorize({ principal, permission: 'iam.serviceAccounts.getOpenIdToken', resource });
    return network.tokens.identityToken({ email, audience });
  };
  const functionAt = (url: string) => functions.findByHost(new URL(url).host)?.name ?? url;
  const from = <Request extends { body: string | Uint8Array }>(
    sender: string,
    deliver: Deliver<Request>,
  ): Deliver<Request> => (faults ? interceptDeliveries(deliver, sender, faults, functionAt) : deliver);
  const post = deliverTo(ingress);
  const push = from('pubsub', post);
  const broker = new PubSub({
    stateDir,
    tablesOf: (project, email) => {
      const principal = email ? `serviceAccount:${email}` : serviceAgent('pubsub', projectNumber(project));
      return tablesAs(principal, warehouse, authorize);
    },
    checkKey: keys.checkerOf('pubsub.googleapis.com'),
    transport: {
      identityToken: identityTokenBy('pubsub'),
      post: (url, request) => push(url, { ...request, method: 'POST' }),
    },
    mayDeadLetter: mayDeadLetter(policy, projectNumber),
    onDelivery: options.onDelivery,
  });
  publishNotifications(
    storage,
    broker,
    ({ bucket, config }, error) =>
      onLint({
        rule: 'undelivered-notification',
        subject: bucket,
        message: `A notification of bucket ${bucket} was not published to ${config.topic}: ${String(error)}`,
      }),
    (project, topic) =>
      authorize({
        principal: serviceAgent('storage', projectNumber(project)),
        permission: 'pubsub.topics.publish',
        resource: `//pubsub.googleapis.com/${topic}`,
      }),
  );
  const eventarc = new Eventarc({
    deliver: from('eventarc', (url, request) => ingress.handle(url, request)),
    mayReceive: (project, email) =>
      policy.allows({
        principal: `serviceAccount:${email}`,
        permission: 'eventarc.events.receiveEvent',
        resource: `//eventarc.googleapis.com/projects/${project}`,
      }),
    // Eventarc delivers through a push subscription of its own.
    identityToken: ({ email, audience }) => identityTokenBy('pubsub')(email, audience),
  });
  const dataflow = new DataflowEngine({
    stateDir,
    objects: storage,
    warehouse,
    servicesOf: ({ projectId: project, environment }) => {
      // A job without an account of its own runs as the default compute account.
      const email =
        environment.serviceAccountEmail ?? `${projectNumber(project)}-compute@developer.gserviceaccount.com`;
      const principal = `serviceAccount:${email}`;
      const resource = `//dataflow.googleapis.com/projects/${project}`;
      authorize({ principal, permission: 'dataflow.workItems.lease', resource });
      authorizeSubnetwork(
        environment.subnetwork,
        serviceAgent('dataflow', projectNumber(project)),
        authorize,
      );
      return {
        objects: objectsAs(principal, storage, authorize),
        warehouse: warehouseAs({ principal, project }, warehouse, authorize),
      };
    },
    logs,
    checkKey: keys.checkerOf('dataflow.googleapis.com'),
    onStateChange: (job) => eventarc.publish(jobStatusChanged({ ...job }, projectNumber(job.projectId))),
  });
  const containers = new LocalContainerRuntime({ host: processes, context: ROOT });
  const notificationChannels = new NotificationChannels({
    broker,
    mayPublish: (project, topic) =>
      authorize({
        principal: serviceAgent('monitoring', projectNumber(project)),
        permission: 'pubsub.topics.publish',
        resource: `//pubsub.googleapis.com/${topic}`,
      }),
    onUndelivered: (channel, error) =>
      onLint({
        rule: 'undelivered-notification',
        subject: channel,
        message: `An incident was not published by the channel ${channel}: ${String(error)}`,
      }),
  });
  const vertexAgent = (project: string) => serviceAgent('vertex', projectNumber(project));
  const vertex = createVertex({
    ...{ stateDir, objects: storage, containers, warehouse, logs, projectNumber, authorize },
    agentOf: vertexAgent,
    notify: (channel, incident) => notificationChannels.notify(channel, incident),
    monitoringHourMs: 60 * MINUTE_MS,
    checkKey: keys.checkerOf('aiplatform.googleapis.com'),
  });
  const measured = [backlogAges(broker), vertex.responses];
  const scheduler = new Scheduler({
    ...{ stateDir, minuteMs: MINUTE_MS, broker, post: from('scheduler', post) },
    identityToken: identityTokenBy('scheduler'),
  });
  closing.defer(async () => {
    // First whatever calls functions, so that nothing is asked of them while they stop.
    scheduler.close();
    eventarc.close();
    broker.close();
    // Then the processes, all at once, whoever owns them: an end takes seconds.
    await Promise.all([processes.close(), functions.close(), vertex.close(), dataflow.close()]);
  });

  return {
    ...{ storage, warehouse, broker, functions, ingress, eventarc, scheduler, processes, keys, controlPlane },
    ...((faults || onCall) && {
      interceptCall: interceptCalls({
        ...{ faults, onCall, processes },
        processAt: (port) => network.processAt(port),
      }),
    }),
    ...{ notificationChannels, vertex },
    beforeCall: (context, request) => {
      for (const access of accessesOf(context, request, vertexAgent)) authorize(access);
    },
    grpc: [
      pubsubGrpc(broker, authorize),
      vertex.grpc,
      dataflowGrpc(dataflow),
      schedulerGrpc(scheduler),
      loggingGrpc(logs),
      monitoringGrpc(measured),
    ],
    rest: [
      storageRest(storage, new ResumableUploads(storage, stateDir), authorizeStorage(storage, authorize)),
      bigqueryRest(warehouse, authorize, (table) => policyOf(policy.grantsOn(table))),
      vertex.rest,
      ...controlPlaneRest(policy, controlPlane, {
        'cloudkms.googleapis.com': keyVersionsRest(keys.versions, { authorize, resources: controlPlane }),
      }),
      monitoringRest(measured, authorize),
    ],
  };
}
