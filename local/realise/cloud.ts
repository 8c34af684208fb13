import type { Authorize, KeyUse, ObjectStore, TableField, TableReference, Warehouse } from '../boundaries.ts';
import type { DeclaredResources } from '../control-plane/declared-resources.ts';
import type { IamPolicy } from '../control-plane/iam-policy.ts';
import type { NotificationChannel } from '../monitoring/notification-channels.ts';
import type { EventarcTrigger } from '../run/eventarc.ts';
import type { FunctionDeclaration } from '../run/types.ts';

/** A role that the program gives to a principal on one resource. */
export interface IamMember {
  /**
   * The resource's full name without a service: `projects/P`, `projects/_/buckets/B`, `projects/P/topics/T`,
   * `projects/P/serviceAccounts/E`, `projects/P/locations/L/services/S`…
   */
  resource: string;
  role: string;
  /** `serviceAccount:…`, `user:…` */
  member: string;
  condition?: { title: string; expression: string };
  /** `<stack>/<logical name>` */
  declaredAs: string;
}

export interface ServiceAccount {
  project: string;
  email: string;
  displayName: string;
}

/** A scheduler job; what is left out has Cloud Scheduler's default. */
export interface ScheduledJob {
  /** `projects/P/locations/L/jobs/J` */
  name: string;
  description?: string;
  schedule: string;
  timeZone: string;
  /** Seconds, such as `600s`. */
  attemptDeadline?: string;
  retryConfig?: {
    retryCount?: number;
    maxRetryDurationMs?: number;
    minBackoffMs?: number;
    maxBackoffMs?: number;
    maxDoublings?: number;
  };
  paused?: boolean;
  httpTarget: {
    uri: string;
    httpMethod: string;
    headers?: Record<string, string>;
    /** Base64. */
    body?: string;
    /** Without an audience, the token is for the target. */
    oidcToken?: { serviceAccountEmail: string; audience?: string };
  };
}

/** A table, or with a query a view. */
export interface TableDeclaration {
  reference: TableReference;
  fields: TableField[];
  viewQuery?: string;
  description?: string;
  kmsKeyName?: string;
  timePartitioning?: { type: string; field?: string };
}

/** The parts of the local cloud in which a program's resources become real; each method may be called again. */
export interface RealisableCloud {
  /** The folder of the local cloud's state. */
  stateDir: string;
  /** What the program's own deployment is checked by, and the IAM principal that deploys a stack. */
  iam?: { authorize: Authorize; deployer(stack: string): string };
  storage: Pick<ObjectStore, 'list' | 'write'> & {
    declareBucket(bucket: Parameters<ObjectStore['createBucket']>[0]): void;
    /** Gives the bucket the policy that its `getIamPolicy` answers. */
    declareIamPolicy(bucket: string, policy: IamPolicy): void;
    declareNotification(
      bucket: string,
      notification: {
        topic: string;
        payloadFormat?: 'JSON_API_V1' | 'NONE';
        eventTypes?: ('OBJECT_FINALIZE' | 'OBJECT_DELETE' | 'OBJECT_METADATA_UPDATE' | 'OBJECT_ARCHIVE')[];
        objectNamePrefix?: string;
        customAttributes?: Record<string, string>;
      },
    ): unknown;
  };
  pubsub: {
    declareTopic(topic: object): void;
    declareSubscription(subscription: object): void;
  };
  warehouse: Pick<Warehouse, 'createDataset'> & {
    /** Creates the table or view, or brings the one that is there to this declaration. */
    declareTable(table: TableDeclaration): Promise<void>;
  };
  functions: {
    declare(declaration: FunctionDeclaration): Promise<void>;
  };
  eventarc: {
    declare(trigger: EventarcTrigger): void;
  };
  scheduler: { declare(job: ScheduledJob): void };
  controlPlane: Pick<DeclaredResources, 'declare' | 'enable'>;
  metadataStores: {
    declare(store: { name: string; description?: string; encryptionSpec?: { kmsKeyName: string } }): void;
  };
  notificationChannels: { declare(channel: NotificationChannel): void };
  keys: {
    versions: { primaryOf(key: string): string; stateOf(version: string): string };
    /** Has everything in the project need a key. */
    requireKeys(project: string): void;
    declareKeyRing(name: string): void;
    declareKey(key: { name: string; purpose?: string; rotationPeriod?: string }): void;
    grant(key: string, role: string, member: string): void;
    /** Throws what a service answers to a creation under a key, or without one. */
    check(
      service: `${'aiplatform' | 'artifactregistry' | 'cloudfunctions' | 'eventarc' | 'logging'}.googleapis.com`,
      use: KeyUse,
    ): unknown;
  };
}
