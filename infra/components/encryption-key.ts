import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import { Grant, onKey } from './grant.ts';
import type { AgentName } from './service-agents.ts';

const ENCRYPTER = 'roles/cloudkms.cryptoKeyEncrypterDecrypter';

/** What each service's agent encrypts. */
const ENCRYPTED: Record<AgentName, string> = {
  aiplatform: 'jobs, models, endpoints, metadata and TensorBoards',
  artifactregistry: 'container images',
  bigquery: 'tables',
  cloudfunctions: 'the source of functions',
  cloudscheduler: 'the payloads of jobs',
  compute: "the disks of Dataflow's workers",
  dataflow: 'the state of Dataflow jobs',
  eventarc: 'the events of Google services on their way',
  logging: 'the log bucket',
  notebooks: 'what Vertex AI Workbench keeps of a notebook',
  pubsub: 'messages',
  run: 'the images of functions once deployed',
  storage: 'objects',
};

/** A key that exists, or the ring, name and rotation of one to create. */
export type KeySource = { kmsKey: string } | { keyRing: string; name: string; rotationDays: number };

export interface EncryptionKeyArgs {
  project: string;
  region: string;
  key: KeySource;
  protect: boolean;
  /** The service agents that encrypt with the key. */
  encrypters: Partial<Record<AgentName, pulumi.Input<string>>>;
}

/**
 * A key together with the grants of the service agents that encrypt with it.
 *
 * A grant may take minutes to be known everywhere (https://cloud.google.com/iam/docs/access-change-propagation), and
 * what is created under the key meanwhile fails. The provider reads each policy back until the grant is in it; the
 * rest nothing here waits for, and a `pulumi up` that was too early is carried on by the next one.
 */
export class EncryptionKey extends pulumi.ComponentResource {
  /** The key's name, known when every grant is there: whatever is created under it finds its agent allowed. */
  readonly kmsKey: pulumi.Output<string>;

  constructor(name: string, args: EncryptionKeyArgs, opts?: pulumi.ComponentResourceOptions) {
    super('baton:index:EncryptionKey', name, {}, opts);
    const key = 'kmsKey' in args.key ? pulumi.output(args.key.kmsKey) : this.#create(args, args.key);
    const encrypters = Object.entries(args.encrypters) as [AgentName, pulumi.Input<string>][];
    const grants = encrypters.map(
      ([agent, member]) =>
        new Grant(
          `${agent}-agent-cloudkms.cryptoKeyEncrypterDecrypter`,
          { role: ENCRYPTER, why: `encrypts ${ENCRYPTED[agent]}`, member, on: onKey(key) },
          { parent: this },
        ),
    );
    this.kmsKey = pulumi.all([key, ...grants.map(({ iamMember }) => iamMember.id)]).apply(([name]) => name);
    this.registerOutputs({ kmsKey: this.kmsKey });
  }

  #create(
    { project, region, protect }: EncryptionKeyArgs,
    { keyRing, name, rotationDays }: Extract<KeySource, { keyRing: string }>,
  ): pulumi.Output<string> {
    // Cloud KMS deletes neither. A stack that is taken down leaves both, and the key can be given to the next.
    const opts = { parent: this, protect, retainOnDelete: true };
    const ring = new gcp.kms.KeyRing(keyRing, { project, location: region, name: keyRing }, opts);
    const key = new gcp.kms.CryptoKey(
      name,
      { keyRing: ring.id, name, purpose: 'ENCRYPT_DECRYPT', rotationPeriod: `${rotationDays * 24 * 3600}s` },
      opts,
    );
    return key.id;
  }
}
