import type { Readable } from 'node:stream';
import type { ServerDuplexStream, ServerReadableStream } from '@grpc/grpc-js';
import type { FastifyInstance } from 'fastify';

/**
 * What the rooms of the local cloud know of one another. Each Google service here is an engine (state and
 * behaviour) behind a surface (gRPC or REST). A room imports these types, never another room's engine.
 */

/** Who makes a call, as its access token says. */
export interface Caller {
  /** An IAM principal: `serviceAccount:deploy@p.iam.gserviceaccount.com` or `user:operator@example.com`. */
  principal: string;
  /** The project whose quota the call uses: the process's own. */
  project: string;
}

/** What a principal wants to do to what. */
export interface Access {
  /** An IAM principal, as in `Caller`. */
  principal: string;
  /** `storage.objects.get` */
  permission: string;
  /** The full resource name: `//storage.googleapis.com/projects/_/buckets/B/objects/O`. */
  resource: string;
}

/** Throws a PERMISSION_DENIED `StatusError` for an access that nothing grants. */
export type Authorize = (access: Access) => void;

/** A resource that is about to be created or given a key. */
export interface KeyUse {
  /** The key that the caller names, or that the resource inherits. */
  kmsKeyName: string | undefined;
  project: string;
  /** The resource's name, for the answer. */
  resource: string;
  /** Where the resource lies; none for what lies anywhere. */
  location?: string | undefined;
}

/**
 * Asked before anything that a key can encrypt is created. Throws the answer when the key may not be used, or when
 * none is given and one is required.
 */
export type CheckKey = (use: KeyUse) => void;

/** An object's metadata, in the JSON API's own field names. */
export interface ObjectMetadata {
  bucket: string;
  name: string;
  generation: string;
  metageneration: string;
  size: string;
  contentType: string;
  crc32c: string;
  md5Hash?: string;
  timeCreated: string;
  updated: string;
  kmsKeyName?: string;
  metadata?: Record<string, string>;
}

export type ObjectChange = 'OBJECT_FINALIZE' | 'OBJECT_DELETE' | 'OBJECT_METADATA_UPDATE';

/** Cloud Storage, as the other services use it. Missing buckets and objects throw a NOT_FOUND `StatusError`. */
export interface ObjectStore {
  createBucket(bucket: { name: string; project: string; location: string; [field: string]: unknown }): void;
  hasBucket(bucket: string): boolean;
  stat(bucket: string, name: string): ObjectMetadata;
  /** Metadata of the objects under a prefix, by name. */
  list(bucket: string, prefix: string): ObjectMetadata[];
  /** The object's bytes as a file on this machine, to be read only. */
  path(bucket: string, name: string): string;
  read(bucket: string, name: string): Readable;
  write(
    bucket: string,
    name: string,
    content: Buffer | Readable,
    options?: { contentType?: string; ifGenerationMatch?: string; metadata?: Record<string, string> },
  ): Promise<ObjectMetadata>;
  delete(bucket: string, name: string): void;
  /** Called after each change is durable; `previous` is the generation that was overwritten. */
  onChange(listener: (change: ObjectChange, object: ObjectMetadata, previous?: string) => void): void;
}

export interface MessageInput {
  data?: Uint8Array;
  attributes?: Record<string, string>;
  orderingKey?: string;
}

/** Pub/Sub, as the other services use it. Names are full resource names. */
export interface MessageBroker {
  hasTopic(topic: string): boolean;
  createTopic(topic: { name: string; [field: string]: unknown }): void;
  createSubscription(subscription: { name: string; topic: string; [field: string]: unknown }): void;
  /** Publishes and answers the message ids. An unknown topic throws a NOT_FOUND `StatusError`. */
  publish(topic: string, messages: MessageInput[]): string[];
}

export interface TableField {
  name: string;
  type: string;
  mode?: string;
  fields?: TableField[];
}

export interface TableReference {
  projectId: string;
  datasetId: string;
  tableId: string;
}

/** BigQuery, as Dataflow, Pub/Sub's BigQuery subscriptions and model monitoring use it. */
export interface Warehouse {
  createDataset(dataset: {
    projectId: string;
    datasetId: string;
    location: string;
    kmsKeyName?: string;
    labels?: Record<string, string>;
  }): Promise<void>;
  /** The table's columns. A missing table throws a NOT_FOUND `StatusError`. */
  schema(table: TableReference): Promise<TableField[]>;
  createTable(table: TableReference, fields: TableField[]): Promise<void>;
  /**
   * Appends rows atomically and answers how many. Values are JSON values as a load job would take. The table
   * must exist, unless `createWith` gives the columns to create it with, in the same transaction.
   */
  append(
    table: TableReference,
    rows: Iterable<Record<string, unknown>> | AsyncIterable<Record<string, unknown>>,
    options?: { createWith?: TableField[] },
  ): Promise<number>;
  /** Runs one GoogleSQL statement as a query job would, and answers rows by column name. */
  query(project: string, sql: string): Promise<Record<string, unknown>[]>;
}

/** The part of the warehouse that rows are written to. */
export type TableWriter = Pick<Warehouse, 'schema' | 'append'>;

/** A process that this machine runs for the cloud: a function instance or a container. */
export interface LocalProcess {
  /** By which the network knows its connections. */
  id: string;
  pid: number;
  /** Ends with the exit code, or the signal's name. Never rejects. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** SIGTERM to its process group, then SIGKILL after the grace period (milliseconds). */
  stop(graceMs?: number): Promise<void>;
}

export interface ProcessSpec {
  /** What the process is, for logs and errors: `function train`, `custom job 123`. */
  label: string;
  command: string;
  args: string[];
  cwd: string;
  /** The service account's e-mail; its metadata server, and so its tokens, are the process's only credentials. */
  serviceAccount: string;
  project: string;
  /** The process's own variables; the environment that leads to the local cloud is added. */
  env: Record<string, string>;
  /** Called for each line of stdout and stderr. */
  onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
}

/** Starts processes whose environment leads every Google client to the local servers, and ends them all. */
export interface ProcessHost {
  start(spec: ProcessSpec): Promise<LocalProcess>;
  /** Resident memory of everything alive, in bytes. */
  residentBytes(): number;
  close(): Promise<void>;
}

export interface ContainerSpec {
  label: string;
  /** The image as the API caller named it; the local registry finds the Dockerfile it is built from. */
  imageUri: string;
  /** Overrides the image's ENTRYPOINT, as a container spec's `command` does. */
  command?: string[];
  args?: string[];
  env: Record<string, string>;
  serviceAccount: string;
  project: string;
  onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
}

/** Runs container images as processes, by the ENTRYPOINT, CMD, ENV and WORKDIR of their Dockerfile. */
export interface ContainerRuntime {
  /** Throws a NOT_FOUND `StatusError` when no Dockerfile stands behind the image. */
  start(spec: ContainerSpec): Promise<LocalProcess>;
}

/** A log entry, as Cloud Logging keeps it. */
export interface LogEntry {
  project: string;
  logName: string;
  timestamp: string;
  severity: string;
  resource: { type: string; labels: Record<string, string> };
  labels?: Record<string, string>;
  trace?: string;
  textPayload?: string;
  jsonPayload?: Record<string, unknown>;
}

export interface LogSink {
  write(entry: LogEntry): void;
}

/**
 * What Cloud Monitoring publishes to the topic of a Pub/Sub notification channel, as `{ incident, version: '1.2' }`:
 * the fields of that schema's version which do not need an alerting policy.
 */
export interface Incident {
  incident_id: string;
  scoping_project_id: string;
  url: string;
  /** Seconds since the epoch. */
  started_at: number;
  ended_at: number | null;
  state: 'open' | 'closed';
  resource_id: string;
  resource_name: string;
  resource_type_display_name: string;
  resource: { type: string; labels: Record<string, string> };
  policy_name: string;
  condition_name: string;
  summary: string;
}

/**
 * Something a client did that Google lets pass in silence and that is nearly always a mistake. Tests of the
 * handlers fail on any.
 */
export interface Lint {
  rule:
    | 'output-only-field'
    | 'unknown-field'
    | 'unknown-enum-value'
    | 'refused-host'
    | 'undelivered-notification';
  /** The gRPC method, the message type or the host. */
  subject: string;
  /** The whole finding, for people. */
  message: string;
  /** The process it was seen in, as its `ProcessSpec.label` names it, where that is known. */
  process?: string;
}

/** What a gRPC method learns of its call besides the request. */
export interface CallContext {
  caller: Caller;
  /** `google.pubsub.v1.Publisher/Publish` */
  method: string;
}

/** An API call as the servers see it. */
export interface ApiCall {
  /** The gRPC method, or the HTTP method, host and path. */
  method: string;
  /** The caller's port on this machine, by which its process is known. */
  port: number | undefined;
  /** The request: a message as JSON, or a URL with its body where that is JSON. */
  text(): string;
}

/**
 * Called when a call is seen; what it throws is the answer. What it returns is called when the call was served, before
 * the answer leaves, and says what becomes of that.
 */
export type InterceptCall = (call: ApiCall) => Promise<(status: number) => 'pass' | 'lose'>;

/**
 * One Google API over gRPC. The server decodes and validates requests by the `.proto` files that ship in the
 * client package, and answers UNIMPLEMENTED for every method that is not listed here. Keys are full method
 * names; requests and responses have the shapes of the client package's own `protos` types (camelCase fields,
 * 64-bit numbers and enums as protobufjs decodes them, `Any` as `{ type_url, value }`).
 */
export interface GrpcModule {
  /** The npm package whose `build/protos` describe the API, e.g. `@google-cloud/aiplatform`. */
  protos: string;
  /** The `.proto` files to load, relative to `build/protos`; imports are followed. */
  files: string[];
  services: string[];
  /** Required fields that the service takes from elsewhere in the request: `google.logging.v2.LogEntry.log_name`. */
  mayBeMissing?: string[];
  // biome-ignore lint/suspicious/noExplicitAny: each method has its own message types; the module declares them.
  unary: Record<string, (request: any, context: CallContext) => Promise<object> | object>;
  streaming?: Record<
    string,
    // biome-ignore lint/suspicious/noExplicitAny: as above, for streamed messages.
    (call: ServerDuplexStream<any, any> | ServerReadableStream<any, any>, context: CallContext) => void
  >;
}

/** One Google API over REST: routes on a server that has authenticated the caller (`request.caller`). */
export interface RestModule {
  /** The hosts that lead here, e.g. `storage.googleapis.com`. */
  hosts: string[];
  /** Whether the hosts carry gRPC too, which then has HTTP/2 for itself. */
  alsoGrpc?: boolean;
  register(app: FastifyInstance): void;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller;
  }
}
