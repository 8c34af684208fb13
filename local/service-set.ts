import type { BigQueryEngine } from './bigquery/engine.ts';
import type { GrpcModule, InterceptCall, Lint, RestModule } from './boundaries.ts';
import type { DeclaredResources } from './control-plane/declared-resources.ts';
import type { ServedCall } from './faults/call-faults.ts';
import type { FaultInjector } from './faults/injector.ts';
import type { BeforeCall } from './grpc/server.ts';
import type { Policy } from './iam/policy.ts';
import type { KeyManagement, ServiceKeyUse } from './kms/key-management.ts';
import type { NotificationChannels } from './monitoring/notification-channels.ts';
import type { LocalNetwork } from './network/network.ts';
import type { LocalProcessHost } from './processes/process-host.ts';
import type { PubSub } from './pubsub/broker.ts';
import type { DeliveryEvent } from './pubsub/consumer.ts';
import type { Eventarc } from './run/eventarc.ts';
import type { Functions } from './run/functions.ts';
import type { Ingress } from './run/ingress.ts';
import type { ColdStart } from './run/types.ts';
import type { Scheduler } from './scheduler/scheduler.ts';
import type { StorageEngine } from './storage/storage-engine.ts';
import type { Vertex } from './vertex/vertex.ts';

export interface ServicesOptions {
  stateDir: string;
  network: LocalNetwork;
  projectNumber(project: string): string;
  policy: Policy;
  onLint(lint: Lint): void;
  onDelivery(event: DeliveryEvent): void;
  onColdStart?: ((start: ColdStart) => void) | undefined;
  onKeyUse?: ((use: ServiceKeyUse) => void) | undefined;
  /** Told of each API call that a process of this cloud made and that was served. */
  onCall?: ((call: ServedCall) => void) | undefined;
  /** What goes wrong, if anything shall. */
  faults?: FaultInjector | undefined;
  /** How long functions keep an instance without requests, in milliseconds. */
  idleMs?: number | undefined;
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
  /** What the control planes tell. */
  controlPlane: DeclaredResources;
  notificationChannels: NotificationChannels;
  vertex: Vertex;
  grpc: GrpcModule[];
  rest: RestModule[];
  /** Asks the policy for every gRPC call. */
  beforeCall: BeforeCall;
  /** Tells of API calls, and has the plan's faults happen to them. */
  interceptCall?: InterceptCall;
}
