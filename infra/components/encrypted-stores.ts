import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import { declareMetadataStore } from './metadata-store.ts';

/** What Cloud Logging's own default sink leaves to the bucket of audit logs. */
const DEFAULT_LOGS = ['activity', 'system_event', 'access_transparency']
  .flatMap((log) => [`cloudaudit.googleapis.com/${log}`, `externalaudit.googleapis.com/${log}`])
  .map((log) => `NOT LOG_ID("${log}")`)
  .join(' AND ');

export interface EncryptedStoresArgs {
  project: string;
  region: string;
  kmsKey: pulumi.Input<string>;
  /** Whether models are trained in the project. */
  training: boolean;
  protect: boolean;
}

/**
 * The stores that Google makes at first use, under keys of its own, where a project has none: logs, Vertex AI's
 * metadata and its TensorBoard. The key of each is settled at its creation.
 */
export class EncryptedStores extends pulumi.ComponentResource {
  constructor(name: string, args: EncryptedStoresArgs, opts?: pulumi.ComponentResourceOptions) {
    super('baton:index:EncryptedStores', name, {}, opts);
    const { project, region, kmsKey, protect } = args;
    const logs = new gcp.logging.ProjectBucketConfig(
      'logs',
      {
        project,
        location: region,
        bucketId: 'baton',
        description: "The project's logs.",
        cmekSettings: { kmsKeyName: kmsKey },
      },
      // What happened stays known when the stack is gone.
      { parent: this, retainOnDelete: true },
    );
    new gcp.logging.ProjectSink(
      'default-sink',
      {
        project,
        name: '_Default',
        description: 'Sends the logs to the bucket that the key encrypts.',
        destination: pulumi.interpolate`logging.googleapis.com/${logs.id}`,
        filter: DEFAULT_LOGS,
      },
      { parent: this, retainOnDelete: true },
    );
    declareMetadataStore(args, kmsKey, { parent: this });
    if (args.training) {
      new gcp.vertex.AiTensorboard(
        'tensorboard',
        {
          project,
          region,
          displayName: 'baton',
          description: 'Where the TensorBoard logs of training can be uploaded to.',
          encryptionSpec: { kmsKeyName: kmsKey },
        },
        { parent: this, protect },
      );
    }
    this.registerOutputs();
  }
}
