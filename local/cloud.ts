import { resolve } from 'node:path';
import { BigQueryEngine } from './bigquery/engine.ts';
import { bigqueryRest } from './bigquery/rest.ts';
import type { Lint } from './boundaries.ts';
import { DataflowEngine } from './dataflow/engine.ts';
import { dataflowGrpc } from './dataflow/grpc.ts';
import { loggingGrpc } from './logging/grpc.ts';
import { LogStore } from './logging/log-store.ts';
import { connectThisProcess } from './network/connect.ts';
import { projectNumber } from './network/metadata-server.ts';
import { LocalNetwork } from './network/network.ts';
import { LocalContainerRuntime } from './processes/containers.ts';
import { LocalProcessHost } from './processes/process-host.ts';
import { recordProgram } from './program/record-program.ts';
import type { RecordedStack } from './program/recorded.ts';
import { PubSub } from './pubsub/broker.ts';
import type { DeliveryEvent } from './pubsub/consumer.ts';
import { pubsubGrpc } from './pubsub/grpc.ts';
import type { ScheduledJob } from './realise/cloud.ts';
import { type Realised, realise } from './realise/realise.ts';
import { jobStatusChanged } from './run/dataflow-event.ts';
import { Eventarc } from './run/eventarc.ts';
import { Functions } from './run/functions.ts';
import { Ingress } from './run/ingress.ts';
import { schedulerGrpc } from './scheduler/grpc.ts';
import type { JobDeclaration } from './scheduler/job.ts';
import { Scheduler } from './scheduler/scheduler.ts';
import { lockState } from './state-lock.ts';
import { publishNotifications } from './storage/notifications.ts';
import { storageRest } from './storage/rest.ts';
import { ResumableUploads } from './storage/resumable-uploads.ts';
import { StorageEngine } from './storage/storage-engine.ts';
import { deliverTo } from './transport.ts';
import { createVertex } from './vertex/vertex.ts';

const ROOT = resolve(import.meta.dirname, '..');
/** The scheduler's minute on a laptop, in milliseconds: nobody should wait a minute for a sweep here. */
const MINUTE_MS = 1000;
/** Who a process at the keyboard is: an operator with a user account of each project. */
const OPERATOR = 'operator@example.com';
const STACKS = ['nonprod', 'prod'] as const;
type Stack = (typeof STACKS)[number];

export interface LocalCloudOptions {
  /** Where the cloud keeps its state; a second start finds there what the first one left. */
  stateDir: string;
  /** Stack configuration that goes before the stack files', for every stack. */
  config?: Record<string, string>;
  /** Logical names of resources to leave out, as if the program had forgotten them. */
  without?: string[];
  /** Ends the start early. */
  signal?: AbortSignal;
}

/** Google Cloud on this machine, with everything in it that the Pulumi program declares, and nothing else. */
export interface LocalCloud {
  /** An output of a stack, as `pulumi stack output` would print it. */
  output(stack: Stack, name: string): string;
  /** Leads the Google clients that this process imports from now on to the local cloud, as the operator. */
  connectThisProcess(): Promise<void>;
  /** What clients did wrong without any call having failed. */
  lints(): string[];
  /** The Pub/Sub deliveries so far, with their outcome. */
  deliveries(): readonly DeliveryEvent[];
  /** Resident memory of all processes, this one included, in bytes. */
  residentBytes(): number;
  /** One line on what is there. */
  describe(): string;
  /** The shell commands that lead another terminal's clients here. */
  instructions(): Promise<string>;
  /** Stops every process and writes the state. */
  close(): Promise<void>;
}

/**
 * Starts the local cloud: runs the Pulumi program for both stacks, makes what it declares real, and serves it.
 *
 * @throws Error when the state folder is in use, the program fails, or the signal aborts; nothing is left running
 */
export async function startLocalCloud(options: LocalCloudOptions): Promise<LocalCloud> {
  const stateDir = resolve(options.stateDir);
  await using starting = new AsyncDisposableStack();
  const opened = <Part>(part: Part, close: (part: Part) => unknown): Part => {
    starting.defer(async () => void (await close(part)));
    return part;
  };
  const lints: Lint[] = [];
  const deliveries: DeliveryEvent[] = [];
  const onLint = (lint: Lint) => void lints.push(lint);

  opened(lockState(stateDir), (release) => release());
  const recording = recordProgram({
    directory: resolve(ROOT, 'infra'),
    stacks: [...STACKS],
    config: options.config,
    without: options.without,
  });
  const network = opened(await LocalNetwork.open({ stateDir, onLint }), (it) => it.close());
  const logs = new LogStore({ stateDir });
  const storage = opened(new StorageEngine({ stateDir }), (it) => it.close());
  const warehouse = opened(await BigQueryEngine.open({ stateDir, objects: storage }), (it) => it.close());
  const environment = (identity: { serviceAccount: string; project: string }) =>
    network.environment(identity);
  const processes = opened(new LocalProcessHost({ stateDir, environment, onLint }), (it) => it.close());
  const containers = new LocalContainerRuntime({ host: processes, context: ROOT });

  const functions = new Functions({ processes, logs });
  let realised: Realised | undefined;
  const ingress = new Ingress({
    functions,
    logs,
    verifyIdentityToken: (token, audiences) => network.tokens.verifyIdentityToken(token, audiences),
    mayInvoke: (service, principal) =>
      realised?.iamMembers.some(
        ({ resource, role, member }) =>
          resource === service && role === 'roles/run.invoker' && member === principal,
      ) ?? false,
  });
  const identityToken = (email: string, audience: string) =>
    network.tokens.identityToken({ email, audience });
  const post = deliverTo(ingress);
  const broker = opened(
    new PubSub({
      stateDir,
      warehouse,
      transport: { identityToken, post: (url, request) => post(url, { ...request, method: 'POST' }) },
      onDelivery: (event) => void deliveries.push(event),
    }),
    (it) => it.close(),
  );
  publishNotifications(storage, broker, ({ bucket, config }, error) =>
    onLint({
      rule: 'undelivered-notification',
      subject: bucket,
      message: `A notification of bucket ${bucket} was not published to ${config.topic}: ${String(error)}`,
    }),
  );
  const eventarc = opened(
    new Eventarc({
      deliver: (url, request) => ingress.handle(url, request),
      identityToken: ({ email, audience }) => identityToken(email, audience),
    }),
    (it) => it.close(),
  );
  const dataflow = new DataflowEngine({
    stateDir,
    objects: storage,
    warehouse,
    logs,
    onStateChange: (job) => eventarc.publish(jobStatusChanged({ ...job }, projectNumber(job.projectId))),
  });
  const vertex = createVertex({ stateDir, objects: storage, containers, warehouse, logs, projectNumber });
  // Processes go first and all at once, whoever owns them, so that an end takes seconds.
  starting.defer(async () => {
    await Promise.all([processes.close(), functions.close(), vertex.close(), dataflow.close()]);
  });
  const scheduler = opened(
    new Scheduler({ stateDir, minuteMs: MINUTE_MS, broker, identityToken, post }),
    (it) => it.close(),
  );

  const stacks = await recording;
  options.signal?.throwIfAborted();
  await network.serve({
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
  });
  network.route(
    '*.run.app',
    opened(await ingress.listen(), () => ingress.close()),
  );
  const resources = stacks.flatMap((stack) => stack.resources);
  realised = await realise(resources, {
    stateDir,
    storage,
    pubsub: broker,
    warehouse,
    functions,
    eventarc,
    scheduler: { declare: (job) => void scheduler.declareJob(withAudience(job)) },
  });
  options.signal?.throwIfAborted();
  broker.start();

  const parts = starting.move();
  return {
    output: (stack, name) => outputOf(stacks, stack, name),
    connectThisProcess: async () => {
      const project = projectOf(stacks, 'nonprod');
      connectThisProcess(await network.environment({ user: OPERATOR, project }));
    },
    lints: () => lints.map(({ process: name, message }) => (name ? `${name}: ${message}` : message)),
    deliveries: () => deliveries,
    residentBytes: () => processes.residentBytes() + process.memoryUsage.rss(),
    describe: () => describe(stacks),
    instructions: async () => {
      const project = projectOf(stacks, 'nonprod');
      const variables = await network.environment({ user: OPERATOR, project });
      return Object.entries(variables)
        .map(([name, value]) => `export ${name}=${value}`)
        .join('\n');
    },
    close: () => parts.disposeAsync(),
  };
}

/** A job's identity token is for its target unless the program says otherwise. */
function withAudience({ httpTarget, attemptDeadline, ...job }: ScheduledJob): JobDeclaration {
  const { oidcToken, ...target } = httpTarget;
  return {
    ...job,
    ...(attemptDeadline && { attemptDeadlineMs: Number.parseFloat(attemptDeadline) * 1000 }),
    httpTarget: { ...target, ...(oidcToken && { oidcToken: { audience: target.uri, ...oidcToken } }) },
  };
}

function outputOf(stacks: RecordedStack[], stack: Stack, name: string): string {
  const value = stacks.find((candidate) => candidate.stack === stack)?.outputs[name];
  if (typeof value !== 'string') throw new Error(`the stack ${stack} has no output named ${name}`);
  return value;
}

function projectOf(stacks: RecordedStack[], stack: Stack): string {
  return outputOf(stacks, stack, 'project');
}

function describe(stacks: RecordedStack[]): string {
  const count = (type: string) =>
    stacks.flatMap((stack) => stack.resources).filter((resource) => resource.type === type).length;
  return [
    `${count('gcp:cloudfunctionsv2/function:Function')} functions`,
    `${count('gcp:pubsub/topic:Topic')} topics`,
    `${count('gcp:pubsub/subscription:Subscription')} subscriptions`,
    `${count('gcp:storage/bucket:Bucket')} buckets`,
    `${count('gcp:serviceaccount/account:Account')} service accounts`,
  ].join(', ');
}
